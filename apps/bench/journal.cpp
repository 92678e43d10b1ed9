// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <weft/core/error.hpp>
#include <weft/journal/journal.hpp>
#include <weft/port/context.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

constexpr std::size_t payload_bytes = 64;
constexpr std::size_t record_bytes = journal_format::record_bytes(payload_bytes);
constexpr int most_unacknowledged = 1024;
constexpr std::uint64_t compact_after = 64u << 20;

/// A journal in a folder of its own, with nobody else to wait for.
class lone_journal {
 public:
  lone_journal(context& ctx, const std::string& path, durability kept)
      : files_(*ctx.storage()), folder_(files_, file_space::shared, path) {
    folder_.claim(ctx.loop().now(), 1);
    until([&] { return folder_.ready(); });
    log_ = std::make_unique<journal>(folder_, 0, journal_options{kept});
    const journal_position all = log_->compact([](journal&) {});
    until([&] {
      log_->poll();
      return log_->forced() >= all;
    });
    folder_.adopt(1, ctx.loop().now());
    until([&] { return folder_.ready(); });
  }

  /// Appends, in groups of `group`, and waits where more than `most_unacknowledged` would be under way.
  void append(int count, int group) {
    for (int done = 0; done < count; ++done) {
      log_->append(1, payload_);
      if (done % group != group - 1) continue;
      until([&] {
        log_->poll();
        return log_->end() - log_->durable() < most_unacknowledged * record_bytes;
      });
    }
    until([&] {
      log_->poll();
      return log_->durable() >= log_->end();
    });
    if (log_->bytes_since_snapshot() > compact_after && !log_->compacting()) log_->compact([](journal&) {});
  }

 private:
  template <class Done>
  void until(Done done) {
    while (!done()) {
      if (!deliver_completions(files_)) std::this_thread::yield();  // the force runs on a thread of the same processor
    }
  }

  storage& files_;
  journal_folder folder_;
  std::unique_ptr<journal> log_;
  std::vector<std::byte> payload_ = std::vector<std::byte>(payload_bytes);
};

/// The same bytes by hand: batches of them behind each other in a file that was filled before, round and round.
class raw_file {
 public:
  explicit raw_file(const std::string& path) : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0666)) {
    if (file_ < 0) throw environment_error("cannot make " + path);
    const std::vector<std::byte> zeros(most_);
    if (::pwrite(file_, zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()) || ::fsync(file_) != 0) {
      throw environment_error("cannot write " + path);
    }
  }
  ~raw_file() { ::close(file_); }
  raw_file(const raw_file&) = delete;
  raw_file& operator=(const raw_file&) = delete;

  void append(int count, int batch, bool is_forced) {
    const std::vector<std::byte> bytes(static_cast<std::size_t>(batch) * record_bytes, std::byte{1});
    for (int done = 0; done < count; done += batch) {
      if (at_ + bytes.size() > most_) at_ = 0;
      const bool is_written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at_)) > 0;
      if (!is_written || (is_forced && ::fdatasync(file_) != 0)) throw environment_error("cannot write");
      at_ += bytes.size();
    }
  }

 private:
  static constexpr std::size_t most_ = 16u << 20;
  int file_;
  std::size_t at_ = 0;
};

}  // namespace

void journals(runner& with, context& ctx) {
  const std::string root = std::filesystem::absolute("weft-bench-journal-" + std::to_string(::getpid())).string();
  std::filesystem::create_directory(root);
  {
    raw_file raw(root + "/raw");
    lone_journal synced(ctx, root + "/synced", durability::synced);
    with.run({"journal/synced",
              [&](int count) { synced.append(count, 64); },
              {{"raw/512", [&](int count) { raw.append(count, 512, true); }},
               {"raw/1024", [&](int count) { raw.append(count, 1024, true); }}},
              1,
              11,
              0.2});
    lone_journal written(ctx, root + "/written", durability::written);
    with.run({"journal/written",
              [&](int count) { written.append(count, 64); },
              {{"raw/64", [&](int count) { raw.append(count, 64, false); }},
               {"raw/1", [&](int count) { raw.append(count, 1, false); }}},
              1,
              11,
              0.05});
  }
  while (ctx.storage()->busy()) deliver_completions(*ctx.storage());
  std::filesystem::remove_all(root);
}

}  // namespace weft::bench
