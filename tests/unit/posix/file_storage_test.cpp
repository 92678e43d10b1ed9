// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <weft/core/error.hpp>
#include <weft/posix/file_storage.hpp>

#include "support/scratch_directory.hpp"

namespace weft::posix {
namespace {

using namespace std::chrono_literals;
constexpr auto shared = file_space::shared;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
time_point in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

class file_storage_test : public ::testing::Test {
 protected:
  file_storage_test() : store_({.shared_root = root_, .node_root = root_ + "/node"}) {}

  file_id make(std::string_view path, open_mode mode = open_mode::create) {
    file_id file;
    EXPECT_TRUE(store_.open(shared, path, mode, file)) << path;
    return file;
  }
  std::string content(file_id file, std::size_t most = 100) {
    std::string text(most, '?');
    std::size_t got = 0;
    EXPECT_TRUE(store_.read(file, 0, std::as_writable_bytes(std::span(text.data(), text.size())), got));
    return text.substr(0, got);
  }
  /// Polls until all that was started has been handed out.
  std::map<void*, storage_result> finish() {
    std::map<void*, storage_result> all;
    std::array<storage_completion, 3> done;
    const auto deadline = in(10s);
    while (store_.busy() && std::chrono::steady_clock::now() < deadline) {
      const std::size_t n = store_.poll(done);
      for (std::size_t i = 0; i < n; ++i) EXPECT_TRUE(all.emplace(done[i].token, done[i].result).second);
      if (n == 0) std::this_thread::sleep_for(100us);
    }
    EXPECT_FALSE(store_.busy());
    return all;
  }
  storage_result finish_one() {
    const auto all = finish();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? storage_result{storage_status::failed, 0} : all.begin()->second;
  }

  const weft::testing::scratch_directory scratch_;
  const std::string& root_ = scratch_.path();
  file_storage store_;
};

TEST_F(file_storage_test, open_modes) {
  file_id file = file_id{99};
  EXPECT_EQ(store_.open(shared, "a", open_mode::read_only, file).status, storage_status::missing);
  EXPECT_EQ(file, file_id::none);
  EXPECT_EQ(store_.open(shared, "a", open_mode::read_write, file).status, storage_status::missing);
  EXPECT_TRUE(store_.open(shared, "a", open_mode::create_exclusive, file));
  EXPECT_TRUE(store_.write(file, 0, bytes("kept")));
  EXPECT_EQ(store_.open(shared, "a", open_mode::create_exclusive, file).status, storage_status::exists);
  EXPECT_EQ(content(make("a", open_mode::create)), "kept");
  EXPECT_EQ(content(make("a", open_mode::read_write)), "kept");
  const file_id read_only = make("a", open_mode::read_only);
  EXPECT_EQ(content(read_only), "kept");
  const auto refused = store_.write(read_only, 0, bytes("x"));
  EXPECT_EQ(refused.status, storage_status::failed);
  EXPECT_EQ(refused.code, EBADF);
  EXPECT_EQ(store_.open(shared, "a/b", open_mode::create, file).code, ENOTDIR);
}

TEST_F(file_storage_test, descriptors_are_not_inherited) {
  make("a");
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) != root_ + "/a") continue;
    EXPECT_EQ(::fcntl(std::stoi(entry.path().filename()), F_GETFD), FD_CLOEXEC);
    return;
  }
  FAIL() << "the open file was not found";
}

TEST_F(file_storage_test, closed_files_are_the_callers_error) {
  const file_id file = make("a");
  store_.close(file);
  store_.close(file);
  std::uint64_t size = 0;
  EXPECT_THROW(store_.size(file, size), usage_error);
  EXPECT_THROW(store_.sync(file, nullptr), usage_error);
  EXPECT_THROW(store_.lock(file_id::none, lock_kind::shared, never, nullptr), usage_error);
  EXPECT_FALSE(store_.busy());
}

TEST_F(file_storage_test, write_read_size_truncate) {
  const file_id file = make("a");
  std::uint64_t size = 1;
  EXPECT_TRUE(store_.size(file, size));
  EXPECT_EQ(size, 0U);
  EXPECT_TRUE(store_.write(file, 3, bytes("def")));
  EXPECT_TRUE(store_.write(file, 0, bytes("abc")));
  EXPECT_TRUE(store_.write(file, 6, {}));
  EXPECT_EQ(content(file), "abcdef");
  EXPECT_TRUE(store_.truncate(file, 2));
  EXPECT_EQ(content(file), "ab");
  EXPECT_TRUE(store_.truncate(file, 4));
  EXPECT_EQ(content(file), std::string("ab\0\0", 4));
  std::size_t got = 9;
  std::array<std::byte, 4> room;
  EXPECT_TRUE(store_.read(file, 100, room, got));
  EXPECT_EQ(got, 0U);
  EXPECT_EQ(store_.write(file, ~std::uint64_t{0}, bytes("x")).code, EFBIG);
  EXPECT_EQ(store_.truncate(file, ~std::uint64_t{0}).code, EFBIG);
  EXPECT_EQ(content(file).size(), 4U);
}

TEST_F(file_storage_test, preallocate_reserves_and_reads_as_zeros) {
  const file_id file = make("a");
  EXPECT_TRUE(store_.write(file, 0, bytes("abc")));
  EXPECT_TRUE(store_.preallocate(file, 1 << 20));
  std::uint64_t size = 0;
  EXPECT_TRUE(store_.size(file, size));
  EXPECT_EQ(size, 1U << 20);
  EXPECT_EQ(content(file, 5), std::string("abc\0\0", 5));
  EXPECT_TRUE(store_.preallocate(file, 10));  // never shortens
  EXPECT_TRUE(store_.preallocate(file, 0));
  EXPECT_TRUE(store_.size(file, size));
  EXPECT_EQ(size, 1U << 20);
  EXPECT_EQ(store_.preallocate(file, std::uint64_t{1} << 62).code, EFBIG);
}

TEST_F(file_storage_test, a_short_write_is_continued_until_the_reason_shows) {
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 1000, before.rlim_max };
  const file_id file = make("a");
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto result = store_.write(file, 0, bytes(std::string(3000, 'x')));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(result.status, storage_status::failed);
  EXPECT_EQ(result.code, EFBIG);
  EXPECT_EQ(content(file, 3000).size(), 1000U);
}

TEST_F(file_storage_test, no_space) {
  file_id full;
  ASSERT_TRUE(store_.open(shared, "/dev/full", open_mode::read_write, full));
  const auto result = store_.write(full, 0, bytes("x"));
  EXPECT_EQ(result.status, storage_status::no_space);
  EXPECT_EQ(result.code, ENOSPC);
}

TEST_F(file_storage_test, sync_completes_with_its_token_and_wakes) {
  std::atomic<int> woken{0};
  file_storage store(
      {.shared_root = root_, .wake = [](void* self) { ++*static_cast<std::atomic<int>*>(self); }, .wake_self = &woken});
  file_id file;
  ASSERT_TRUE(store.open(shared, "a", open_mode::create, file));
  std::array<storage_completion, 4> done;
  EXPECT_EQ(store.poll(done), 0U);
  EXPECT_FALSE(store.busy());
  int mark = 0;
  store.sync(file, &mark);
  EXPECT_TRUE(store.busy());
  for (int i = 0; i < 5000 && woken == 0; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(woken, 1);
  ASSERT_EQ(store.poll(done), 1U);
  EXPECT_EQ(done[0].token, &mark);
  EXPECT_TRUE(done[0].result);
  EXPECT_FALSE(store.busy());
}

TEST_F(file_storage_test, many_syncs_and_a_close_in_between) {
  int marks[100];
  for (int i = 0; i < 100; ++i) {
    const file_id file = make("f" + std::to_string(i % 7));
    EXPECT_TRUE(store_.write(file, 0, bytes("x")));
    store_.sync(file, &marks[i]);
    store_.close(file);
  }
  const auto all = finish();
  EXPECT_EQ(all.size(), 100U);
  for (const auto& entry : all) EXPECT_TRUE(entry.second);
}

TEST_F(file_storage_test, a_failed_sync_is_final_though_the_next_would_succeed) {
  file_id broken;
  ASSERT_TRUE(store_.open(shared, "/dev/full", open_mode::read_write, broken));  // devices refuse to sync
  store_.sync(broken, nullptr);
  const auto first = finish_one();
  EXPECT_EQ(first.status, storage_status::failed);
  // The same descriptor now leads to a file that could be synced.
  const int good = ::open((root_ + "/good").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  int replaced = 0;
  for (int number = 3; number < 100; ++number) {
    std::error_code gone;
    if (std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(number), gone) == "/dev/full")
      replaced += ::dup2(good, number) == number ? 1 : 0;
  }
  ASSERT_EQ(replaced, 1);
  ASSERT_EQ(::fdatasync(good), 0);
  ::close(good);
  int marks[3];
  for (int& mark : marks) store_.sync(broken, &mark);
  for (const auto& entry : finish()) {
    EXPECT_EQ(entry.second.status, first.status);
    EXPECT_EQ(entry.second.code, first.code);
  }
}

TEST_F(file_storage_test, sync_directory) {
  store_.sync_directory(shared, "", nullptr);
  EXPECT_TRUE(finish_one());
  store_.sync_directory(shared, "none", nullptr);
  EXPECT_EQ(finish_one().status, storage_status::missing);
}

/// Another process that holds a lock on `path` until it is told to end.
class holder {
 public:
  holder(const std::string& path, short type) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0666);
      struct flock range {};
      range.l_type = type;
      range.l_whence = SEEK_SET;
      const char right = ::fcntl(file, F_OFD_SETLK, &range) == 0 ? 'y' : 'n';
      [[maybe_unused]] const auto n = ::write(ready[1], &right, 1);
      for (;;) ::pause();
    }
    char right = 'n';
    EXPECT_EQ(::read(ready[0], &right, 1), 1);
    EXPECT_EQ(right, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~holder() { end(); }
  void end() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

TEST_F(file_storage_test, lock_against_another_process_times_out_at_its_deadline) {
  const holder other(root_ + "/l", F_WRLCK);
  const file_id file = make("l");
  const auto begin = std::chrono::steady_clock::now();
  store_.lock(file, lock_kind::exclusive, in(100ms), nullptr);
  EXPECT_EQ(finish_one().status, storage_status::timed_out);
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited, 100ms);
  EXPECT_LT(waited, 2s);
  store_.lock(file, lock_kind::shared, in(-1s), nullptr);  // a deadline in the past: one attempt
  EXPECT_EQ(finish_one().status, storage_status::timed_out);
}

TEST_F(file_storage_test, lock_is_taken_when_the_holder_is_killed) {
  holder other(root_ + "/l", F_WRLCK);
  const file_id file = make("l");
  store_.lock(file, lock_kind::exclusive, never, nullptr);
  std::this_thread::sleep_for(30ms);
  std::array<storage_completion, 1> none;
  EXPECT_EQ(store_.poll(none), 0U);
  other.end();
  EXPECT_TRUE(finish_one());
}

TEST_F(file_storage_test, shared_locks_share_and_exclude_the_exclusive) {
  holder other(root_ + "/l", F_RDLCK);
  const file_id file = make("l");
  store_.lock(file, lock_kind::shared, in(5s), nullptr);
  EXPECT_TRUE(finish_one());
  store_.lock(file, lock_kind::exclusive, in(30ms), nullptr);
  EXPECT_EQ(finish_one().status, storage_status::timed_out);
  other.end();
  store_.lock(file, lock_kind::exclusive, in(5s), nullptr);
  EXPECT_TRUE(finish_one());
}

TEST_F(file_storage_test, two_openings_exclude_each_other_until_unlock_or_close) {
  const file_id first = make("l"), second = make("l"), third = make("l");
  store_.lock(first, lock_kind::exclusive, never, nullptr);
  EXPECT_TRUE(finish_one());
  store_.close(third);  // a process-wide lock would be lost here
  store_.lock(second, lock_kind::exclusive, in(30ms), nullptr);
  EXPECT_EQ(finish_one().status, storage_status::timed_out);
  store_.unlock(first);
  store_.lock(second, lock_kind::exclusive, in(5s), nullptr);
  EXPECT_TRUE(finish_one());
  store_.lock(first, lock_kind::exclusive, in(5s), nullptr);
  store_.sync(second, &store_);  // may still run when the file is closed
  store_.close(second);
  for (const auto& entry : finish()) EXPECT_TRUE(entry.second);
}

TEST_F(file_storage_test, closing_ends_a_lock_still_awaited) {
  const holder other(root_ + "/l", F_WRLCK);
  const file_id file = make("l");
  store_.lock(file, lock_kind::exclusive, never, nullptr);
  std::this_thread::sleep_for(5ms);
  store_.close(file);
  const auto result = finish_one();
  EXPECT_EQ(result.status, storage_status::failed);
  EXPECT_EQ(result.code, ECANCELED);
}

TEST_F(file_storage_test, exclusive_lock_needs_a_writable_file) {
  make("l");
  store_.lock(make("l", open_mode::read_only), lock_kind::exclusive, never, nullptr);
  EXPECT_EQ(finish_one().code, EBADF);
}

TEST_F(file_storage_test, destruction_with_locks_pending) {
  const holder other(root_ + "/l", F_WRLCK);
  const auto begin = std::chrono::steady_clock::now();
  {
    file_storage store({.shared_root = root_});
    file_id file;
    ASSERT_TRUE(store.open(shared, "l", open_mode::create, file));
    store.lock(file, lock_kind::exclusive, never, nullptr);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_F(file_storage_test, directories) {
  EXPECT_TRUE(store_.make_directory(shared, "a/b/c"));
  EXPECT_TRUE(store_.make_directory(shared, "a/b/c/"));
  EXPECT_TRUE(store_.make_directory(file_space::node, ""));
  EXPECT_TRUE(store_.make_directory(file_space::node, "n"));
  make("a/file");
  ASSERT_TRUE(store_.replace_link(shared, "b", "a/link"));
  std::vector<directory_entry> entries{{"old", false}};
  ASSERT_TRUE(store_.list(shared, "a", entries));
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "b");
  EXPECT_TRUE(entries[0].is_directory);
  EXPECT_EQ(entries[1].name, "file");
  EXPECT_FALSE(entries[1].is_directory);
  EXPECT_EQ(entries[2].name, "link");
  EXPECT_FALSE(entries[2].is_directory);
  EXPECT_TRUE(std::filesystem::is_directory(root_ + "/node/n"));
  EXPECT_EQ(store_.list(shared, "none", entries).status, storage_status::missing);
  EXPECT_TRUE(entries.empty());
  EXPECT_EQ(store_.make_directory(shared, "a/file/x").code, ENOTDIR);
  EXPECT_EQ(store_.remove(shared, "a").code, ENOTEMPTY);
  EXPECT_TRUE(store_.remove(shared, "a/link"));
  EXPECT_TRUE(store_.remove(shared, "a/file"));
  EXPECT_TRUE(store_.remove(shared, "a/b/c"));
  EXPECT_EQ(store_.remove(shared, "a/file").status, storage_status::missing);
}

TEST_F(file_storage_test, rename_replaces) {
  EXPECT_TRUE(store_.write(make("new"), 0, bytes("new")));
  EXPECT_TRUE(store_.write(make("old"), 0, bytes("old")));
  EXPECT_TRUE(store_.rename(shared, "new", "old"));
  EXPECT_EQ(content(make("old")), "new");
  EXPECT_EQ(store_.rename(shared, "new", "old").status, storage_status::missing);
}

TEST_F(file_storage_test, replace_link_whatever_was_there) {
  const std::string link = root_ + "/current";
  EXPECT_TRUE(store_.replace_link(shared, "epoch-1", "current"));
  EXPECT_EQ(std::filesystem::read_symlink(link), "epoch-1");
  EXPECT_TRUE(store_.replace_link(shared, "epoch-2", "current"));
  EXPECT_EQ(std::filesystem::read_symlink(link), "epoch-2");
  // What a process with our number that died in between has left behind is in nobody's way.
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(::symlink("x", (link + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(i)).c_str()), 0);
  EXPECT_TRUE(store_.replace_link(shared, "epoch-3", "current"));
  EXPECT_EQ(std::filesystem::read_symlink(link), "epoch-3");
  EXPECT_TRUE(store_.make_directory(shared, "directory"));
  EXPECT_EQ(store_.replace_link(shared, "x", "directory").code, EISDIR);
  std::vector<directory_entry> entries;
  EXPECT_TRUE(store_.list(shared, "", entries));
  EXPECT_EQ(entries.size(), 7U) << "no temporary name is left but the five planted";
  EXPECT_EQ(store_.replace_link(shared, "x", "none/current").status, storage_status::missing);
}

TEST_F(file_storage_test, free_space) {
  std::uint64_t free = 0;
  EXPECT_TRUE(store_.free_space(shared, "", free));
  EXPECT_GT(free, 1U << 20);
  EXPECT_EQ(store_.free_space(shared, "none", free).status, storage_status::missing);
}

TEST(file_storage_roots, node_root_follows_tmpdir) {
  const char* before = ::getenv("TMPDIR");
  const std::string saved = before != nullptr ? before : "";
  ::setenv("TMPDIR", "/dev", 1);
  file_storage in_dev;
  ::setenv("TMPDIR", "", 1);
  file_storage in_tmp;
  before != nullptr ? ::setenv("TMPDIR", saved.c_str(), 1) : ::unsetenv("TMPDIR");
  file_id file;
  EXPECT_TRUE(in_dev.open(file_space::node, "null", open_mode::read_only, file));
  std::vector<directory_entry> entries;
  EXPECT_TRUE(in_tmp.list(file_space::node, "", entries));
  const std::string name = "weft-node-root-" + std::to_string(::getpid());
  EXPECT_TRUE(in_tmp.open(file_space::node, name, open_mode::create, file));
  EXPECT_TRUE(std::filesystem::remove("/tmp/" + name));
}

}  // namespace
}  // namespace weft::posix
