// SPDX-License-Identifier: BSL-1.0
#include "forced.hpp"

#include <chrono>
#include <system_error>

#include <weft/async/timer.hpp>
#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

/// A storage operation that somebody waits for.
struct waited final : storage_listener {
  storage_result result;
  bool is_done = false;
  void on_completed(const storage_result& got) noexcept override {
    result = got;
    is_done = true;
  }
  void* token() noexcept { return static_cast<storage_listener*>(this); }
};

weft::task<> wait_for(loop& on, const waited& what) {
  on.note_outside_work();
  while (!what.is_done) co_await sleep_for(on, 1ms);
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void check(const storage_result& result, const std::string& path) {
  if (!result) throw error("cannot force '" + path + "' to disk: " + std::generic_category().message(result.code));
}

}  // namespace

weft::task<> force_file(loop& on, std::string path) {
  storage& files = *on.storage();
  file_id file = file_id::none;
  check(files.open(file_space::shared, path, open_mode::read_write, file), path);
  waited content;
  files.sync(file, content.token());
  co_await wait_for(on, content);
  files.close(file);
  check(content.result, path);
  waited name;
  files.sync_directory(file_space::shared, parent_of(path), name.token());
  co_await wait_for(on, name);
  check(name.result, parent_of(path));
}

weft::task<bool> wait_until_unlocked(loop& on, std::string path, time_point deadline) {
  storage& files = *on.storage();
  file_id file = file_id::none;
  if (!files.open(file_space::shared, path, open_mode::read_write, file)) co_return true;
  waited lock;
  files.lock(file, lock_kind::exclusive, deadline, lock.token());
  co_await wait_for(on, lock);
  files.close(file);
  co_return lock.result.status != storage_status::timed_out;
}

}  // namespace weft::farm
