// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2

// The loop on the real transport, host and storage: whatever happens outside MPI ends an idle sleep at once. Sleeps
// may last 20 s here, so a lost wake-up cannot hide behind the end of a short sleep.
#include <mpi.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <weft/async/child.hpp>
#include <weft/async/loop.hpp>
#include <weft/mpi/mpi_transport.hpp>
#include <weft/posix/file_storage.hpp>
#include <weft/posix/posix_host.hpp>

#include "support/mpi_test.hpp"

namespace weft {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class loop_sleep : public ::testing::Test {
 protected:
  static world make_world() {
    world outside;
    auto host = std::make_unique<posix::posix_host>();
    mpi::idle_policy idle;
    idle.spin_turns = 1;
    idle.max_sleep = 20s;
    outside.transport = std::make_unique<mpi::mpi_transport>(MPI_COMM_WORLD, mpi::ownership::duplicate, idle);
    posix::file_storage_options options;
    options.wake = [](void* self) { static_cast<posix::posix_host*>(self)->wake(); };
    options.wake_self = host.get();
    outside.storage = std::make_unique<posix::file_storage>(std::move(options));
    outside.host = std::move(host);
    return outside;
  }

  /// Turns until `condition` holds, and returns how long that took.
  clock::duration turn_until(const std::function<bool()>& condition) {
    const auto begin = clock::now();
    while (!condition() && clock::now() - begin < 60s) loop_.turn();
    return clock::now() - begin;
  }

  world world_ = make_world();
  loop loop_{world_};
};

TEST_F(loop_sleep, a_post_from_another_thread_ends_it) {
  int ran = 0;
  for (int round = 1; round <= 5; ++round) {
    // By then the ladder of 5 us, 10 us, ... is in the sleep that lasts from 0.33 s to 0.66 s.
    std::thread poster([&] {
      std::this_thread::sleep_for(400ms);
      loop_.post([&ran] { ++ran; });
    });
    EXPECT_LT(turn_until([&] { return ran == round; }), 600ms) << "the sleep went on";
    poster.join();
  }
  test::barrier();
}

TEST_F(loop_sleep, many_posts_in_a_race_all_run) {
  constexpr int posts = 20'000;
  int ran = 0;
  std::thread poster([&] {
    for (int i = 0; i < posts; ++i) {
      loop_.post([&ran] { ++ran; });
      if (i % 500 == 0) std::this_thread::sleep_for(2ms);
    }
  });
  EXPECT_LT(turn_until([&] { return ran == posts; }), 10s);
  poster.join();
  EXPECT_EQ(ran, posts);
  test::barrier();
}

TEST_F(loop_sleep, the_end_of_a_child_ends_it) {
  child_program program;
  program.argv = {"sh", "-c", "sleep 0.4; echo done; exit 3"};
  child_process child(loop_, program);
  auto ended = child.wait();
  EXPECT_LT(turn_until([&] { return !child.running(); }), 600ms);
  const child_status status = ended.get();
  EXPECT_EQ(status.exit_code, 3);
  EXPECT_EQ(child.output(), "done\n");
  test::barrier();
}

TEST_F(loop_sleep, a_finished_lock_ends_it) {
  const std::string path = std::filesystem::temp_directory_path() / ("weft-loop-sleep-" + std::to_string(test::rank()));
  file_id first, second;
  storage& store = *world_.storage;
  ASSERT_TRUE(store.open(file_space::node, path, open_mode::create, first));
  ASSERT_TRUE(store.open(file_space::node, path, open_mode::create, second));
  std::array<storage_completion, 1> done;
  store.lock(first, lock_kind::exclusive, never, nullptr);
  while (store.poll(done) == 0) std::this_thread::sleep_for(1ms);
  // The loop would take the completion for an operation of its own: the sleep itself is put to the test.
  store.lock(second, lock_kind::exclusive, clock::now() + 400ms, nullptr);
  host& host = *world_.host;
  const auto begin = clock::now();
  for (std::uint64_t turns = 0; store.poll(done) == 0 && clock::now() - begin < 60s; ++turns) {
    if (host.prepare_sleep()) world_.transport->idle(never, turns, host.wait_fd());
    host.clear_wake();
  }
  EXPECT_EQ(done[0].result.status, storage_status::timed_out);
  EXPECT_LT(clock::now() - begin, 600ms);
  std::filesystem::remove(path);
  test::barrier();
}

}  // namespace
}  // namespace weft
