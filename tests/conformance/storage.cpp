// SPDX-License-Identifier: BSL-1.0
// Files, names and locks, in a folder that the driver has made empty.
#include <algorithm>
#include <cstring>

#include "conformance.hpp"

namespace weft::conformance {
namespace {

constexpr file_space space = file_space::shared;

const char* name_of(storage_status status) {
  switch (status) {
    case storage_status::ok:
      return "ok";
    case storage_status::exists:
      return "exists";
    case storage_status::missing:
      return "missing";
    case storage_status::no_space:
      return "no_space";
    case storage_status::denied:
      return "denied";
    case storage_status::timed_out:
      return "timed_out";
    case storage_status::failed:
      return "failed";
  }
  return "?";
}
std::string text(storage_result result) { return name_of(result.status); }

struct waiting final : storage_listener {
  void on_completed(const storage_result& what) noexcept override {
    result = what;
    done = true;
  }
  storage_result result;
  bool done = false;
};
/// Starts something with `start(token)` and waits for its end.
template <class Start>
std::string finished(context& ctx, Start&& start) {
  waiting listener;
  start(static_cast<storage_listener*>(&listener));
  while (!listener.done) ctx.loop().turn(ctx.loop().now() + std::chrono::milliseconds(1));
  return text(listener.result);
}

storage_result write(storage& disk, file_id file, std::uint64_t at, const std::string& what) {
  return disk.write(file, at, std::as_bytes(std::span<const char>(what.data(), what.size())));
}
std::string read(storage& disk, file_id file, std::uint64_t at, std::size_t most) {
  std::string bytes(most, '?');
  std::size_t found = 0;
  const storage_result result =
      disk.read(file, at, std::as_writable_bytes(std::span<char>(bytes.data(), bytes.size())), found);
  if (!result) return text(result);
  bytes.resize(found);
  std::replace(bytes.begin(), bytes.end(), '\0', '0');
  return bytes;
}
std::string listing(storage& disk, const char* path) {
  std::vector<directory_entry> entries;
  const storage_result result = disk.list(space, path, entries);
  if (!result) return text(result);
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry.name + (entry.is_directory ? "/" : ""));
  std::sort(names.begin(), names.end());
  std::string all;
  for (const auto& name : names) all += name + ' ';
  return all;
}

void files(context& ctx, notes& seen) {
  if (ctx.rank() != 0) return;
  storage& disk = *ctx.storage();
  file_id file = file_id::none;
  seen.add(text(disk.open(space, "no/such", open_mode::read_only, file)));
  seen.add(text(disk.make_directory(space, "files/deep")));
  seen.add(text(disk.make_directory(space, "files/deep")));
  seen.add(text(disk.open(space, "files/a", open_mode::read_write, file)));
  seen.add(text(disk.open(space, "files/a", open_mode::create_exclusive, file)));
  file_id second = file_id::none;
  seen.add(text(disk.open(space, "files/a", open_mode::create_exclusive, second)));
  seen.add(text(write(disk, file, 0, "hello world")));
  seen.add(text(write(disk, file, 6, "there")));
  seen.add(text(write(disk, file, 14, "end")));
  seen.add(read(disk, file, 0, 100));
  seen.add(read(disk, file, 6, 5));
  seen.add("beyond the end: [" + read(disk, file, 100, 5) + ']');
  std::uint64_t bytes = 0;
  seen.add(text(disk.size(file, bytes)));
  seen.add(std::to_string(bytes));
  seen.add(text(disk.truncate(file, 5)));
  seen.add(read(disk, file, 0, 100));
  seen.add(text(disk.truncate(file, 8)));
  seen.add(read(disk, file, 0, 100));
  seen.add(text(disk.preallocate(file, 12)));
  seen.add(read(disk, file, 0, 100));
  seen.add(finished(ctx, [&](void* token) { disk.sync(file, token); }));
  seen.add(finished(ctx, [&](void* token) { disk.sync_directory(space, "files", token); }));
  disk.close(file);
  seen.add(text(disk.open(space, "files/a", open_mode::read_only, file)));
  seen.add(read(disk, file, 0, 5));
  seen.check(!write(disk, file, 0, "x"), "a file opened for reading refuses a write");
  disk.close(file);
  std::uint64_t free = 0;
  seen.check(disk.free_space(space, "files", free) && free > 0, "there is room");
}

void names(context& ctx, notes& seen) {
  if (ctx.rank() != 0) return;
  storage& disk = *ctx.storage();
  disk.make_directory(space, "names/one");
  disk.make_directory(space, "names/two");
  for (const char* name : {"names/b", "names/a", "names/one/in"}) {
    file_id file = file_id::none;
    disk.open(space, name, open_mode::create, file);
    write(disk, file, 0, name);
    disk.close(file);
  }
  const auto content = [&](const char* name) {
    file_id file = file_id::none;
    const storage_result opened = disk.open(space, name, open_mode::read_only, file);
    if (!opened) return text(opened);
    const std::string all = read(disk, file, 0, 100);
    disk.close(file);
    return all;
  };
  seen.add(listing(disk, "names"));
  seen.add(text(disk.rename(space, "names/a", "names/b")));
  seen.add(listing(disk, "names"));
  seen.add(content("names/b"));
  seen.add(text(disk.rename(space, "names/none", "names/c")));
  seen.add(text(disk.remove(space, "names/none")));
  seen.check(!disk.remove(space, "names/one"), "a directory that is not empty stays");
  for (const char* target : {"one", "two"}) {
    seen.add(text(disk.replace_link(space, target, "names/current")));
    seen.add(content("names/current/in"));
  }
  for (const char* name : {"names/current", "names/one/in", "names/one"}) seen.add(text(disk.remove(space, name)));
  seen.add(listing(disk, "names"));
  seen.add(listing(disk, "names/none"));
}

/// Rank 0 makes a file; what it wrote, the others see, and its removal too.
void sharing(context& ctx, notes& seen) {
  storage& disk = *ctx.storage();
  auto& world = ctx.world();
  file_id file = file_id::none;
  if (ctx.rank() == 0) {
    disk.make_directory(space, "sharing");
    disk.open(space, "sharing/all", open_mode::create_exclusive, file);
    write(disk, file, 0, "for all");
  }
  world.barrier();
  if (ctx.rank() != 0) seen.add(text(disk.open(space, "sharing/all", open_mode::read_only, file)));
  seen.add(read(disk, file, 0, 100));
  world.barrier();
  if (ctx.rank() == 0) disk.remove(space, "sharing/all");
  world.barrier();
  seen.add("after its removal: " + read(disk, file, 4, 3));
  disk.close(file);
  seen.add(text(disk.open(space, "sharing/all", open_mode::read_only, file)));
}

/// Shared locks go together, an exclusive one goes alone, and each ends with `unlock` or `close`.
void locks(context& ctx, notes& seen) {
  storage& disk = *ctx.storage();
  auto& world = ctx.world();
  file_id file = file_id::none;
  if (ctx.rank() == 0) disk.open(space, "lock", open_mode::create, file);
  world.barrier();
  if (ctx.rank() != 0) disk.open(space, "lock", open_mode::read_write, file);
  const auto lock = [&](lock_kind kind) {
    const time_point deadline = ctx.loop().now() + std::chrono::milliseconds(5);
    return finished(ctx, [&](void* token) { disk.lock(file, kind, deadline, token); });
  };
  seen.add("shared by all: " + lock(lock_kind::shared));
  world.barrier();
  disk.unlock(file);
  world.barrier();
  if (ctx.rank() == 0) seen.add("alone: " + lock(lock_kind::exclusive));
  world.barrier();
  if (ctx.rank() == 1) {
    seen.add("beside it: " + lock(lock_kind::exclusive));
    seen.add("shared: " + lock(lock_kind::shared));
  }
  world.barrier();
  if (ctx.rank() == 0) disk.close(file);
  world.barrier();
  if (ctx.rank() == 1) seen.add("after its close: " + lock(lock_kind::exclusive));
  world.barrier();
  if (ctx.rank() != 0) disk.close(file);
}

}  // namespace

const std::vector<test_case>& storage_cases() {
  static const std::vector<test_case> all{
      {"files", 1, files}, {"names", 1, names}, {"sharing", 1, sharing}, {"locks", 1, locks}};
  return all;
}

}  // namespace weft::conformance
