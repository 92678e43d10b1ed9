// SPDX-License-Identifier: BSL-1.0
// The death of the process, and of the machine, at every storage operation of a
// durable queue's life.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/queue/durable_queue.hpp>

#include "support/crash_storage.hpp"
#include "support/fake_world.hpp"

namespace weft {
namespace {

using testing::crash_storage;
using testing::fake_disk;

/// What a life had been told when it ended, and what it did.
struct told {
  std::set<int> acknowledged;  ///< puts
  std::set<int> put;
  std::set<int> ended;     ///< items that were let go
  std::set<int> finished;  ///< whose acknowledgement was durable
  std::map<int, unsigned> attempts;
};

/// A job of one rank on a storage that may die.
class mortal_job {
 public:
  mortal_job(const std::shared_ptr<fake_disk>& disk, durability kept) {
    weft::world outside = cluster_.world(0);
    auto files = std::make_unique<crash_storage>(disk);
    files_ = files.get();
    outside.storage = std::move(files);
    ctx_ = std::make_unique<context>(std::move(outside), config());
    durable_options how;
    how.kept = kept;
    how.window = 6;
    how.segment_bytes = 8192;
    how.compact_bytes = 1000;
    queue_ = std::make_unique<durable_queue<int>>(*ctx_, "jobs/queue", how);
  }

  crash_storage& files() { return *files_; }

  /// Runs the task to its end, or to the death of the storage: then false.
  bool run(task<> body) {
    auto done = ctx_->spawn(std::move(body));
    try {
      while (!done.ready()) {
        if (!ctx_->loop().turn() && cluster_.next_deadline() != never) cluster_.advance_to(cluster_.next_deadline());
      }
      done.get();
      return true;
    } catch (const world_error&) {
      done.cancel();
      return false;
    }
  }
  /// Puts 20 items, takes some, and lets some of these go.
  task<> live(int first, told& what) {
    co_await queue_->open();
    std::vector<int> some;
    for (int i = 0; i < 12; ++i) some.push_back(first + i);
    what.put.insert(some.begin(), some.end());
    co_await queue_->put(some.begin(), some.end());
    what.acknowledged.insert(some.begin(), some.end());
    co_await take(5, what);
    for (int i = 12; i < 20; ++i) {
      what.put.insert(first + i);
      co_await queue_->put(first + i);
      what.acknowledged.insert(first + i);
    }
    auto held = co_await queue_->get();
    what.attempts[**held] = held->attempt();
    co_await take(6, what);
    held->give_back();
  }
  task<> take(int count, told& what) {
    std::set<int> ended;
    for (int i = 0; i < count; ++i) {
      auto next = co_await queue_->get();
      what.attempts[**next] = next->attempt();
      ended.insert(**next);
      what.ended.insert(**next);
    }
    co_await queue_->flush();
    what.finished.insert(ended.begin(), ended.end());
  }
  task<> take_all(told& what) {
    co_await queue_->open();
    queue_->close();
    while (auto next = co_await queue_->get()) {
      what.attempts[**next] = next->attempt();
      what.ended.insert(**next);
    }
  }

 private:
  testing::fake_cluster cluster_{1};
  crash_storage* files_ = nullptr;
  std::unique_ptr<context> ctx_;
  std::unique_ptr<durable_queue<int>> queue_;
};

void expect_kept(const std::shared_ptr<fake_disk>& disk, durability kept, const std::vector<told>& lives) {
  told found;
  mortal_job last(disk, kept);
  ASSERT_TRUE(last.run(last.take_all(found)));
  std::set<int> ended = found.ended;
  for (const told& before : lives) ended.insert(before.ended.begin(), before.ended.end());
  for (const told& before : lives) {
    for (const int value : before.acknowledged) ASSERT_EQ(ended.count(value), 1u) << value << " is lost";
    for (const int value : before.finished) ASSERT_EQ(found.ended.count(value), 0u) << value << " came again";
    for (const auto& [value, attempt] : before.attempts) {
      if (found.attempts.count(value) != 0) {
        ASSERT_GT(found.attempts[value], attempt) << value;
      }
    }
  }
  for (const int value : found.ended) {
    bool was_put = false;
    for (const told& before : lives) was_put = was_put || before.put.count(value) != 0;
    ASSERT_TRUE(was_put) << value;
  }
}

class durable_crash : public ::testing::TestWithParam<durability> {
 protected:
  /// A second life on what a first one has left, killed at each of its
  /// operations.
  void at_each_operation(const std::function<void(const crash_storage&, const std::vector<told>&)>& check) {
    std::vector<told> lives(2);
    std::shared_ptr<fake_disk> first;
    {
      mortal_job job(std::make_shared<fake_disk>(), GetParam());
      ASSERT_TRUE(job.run(job.live(100, lives[0])));
      first = job.files().after_kill();
    }
    std::uint64_t at = 0;
    for (bool has_died = true; has_died; ++at) {
      SCOPED_TRACE("death at operation " + std::to_string(at));
      lives[1] = {};
      mortal_job job(crash_storage(first).after_kill(), GetParam());
      job.files().die_at(at);
      has_died = !job.run(job.live(200, lives[1]));
      check(job.files(), lives);
      if (HasFatalFailure()) return;
    }
    EXPECT_GT(at, 60u);
  }
};

TEST_P(durable_crash, of_the_process_at_every_operation) {
  at_each_operation([](const crash_storage& files, const std::vector<told>& lives) {
    expect_kept(files.after_kill(), GetParam(), lives);
  });
}

TEST_P(durable_crash, of_the_machine_at_every_operation) {
  if (GetParam() == durability::written) GTEST_SKIP() << "not promised";
  at_each_operation([](const crash_storage& files, const std::vector<told>& lives) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      expect_kept(files.after_power_cut(seed), GetParam(), lives);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(durabilities, durable_crash, ::testing::Values(durability::synced, durability::written),
                         [](const auto& each) { return each.index == 0 ? "synced" : "written"; });

}  // namespace
}  // namespace weft
