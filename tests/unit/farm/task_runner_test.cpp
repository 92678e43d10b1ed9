// SPDX-License-Identifier: BSL-1.0
#include "farm/task_runner.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <weft/posix/file_storage.hpp>
#include <weft/posix/posix_host.hpp>

#include "support/fake_world.hpp"

namespace {

using namespace weft;

/// A fake world with real processes and files. The fake's clock stands still unless the test moves it, and the loop
/// spins while it waits.
class task_runner_test : public ::testing::Test {
 protected:
  task_runner_test() { prepare(*outside.storage, directory, false); }
  ~task_runner_test() override { std::filesystem::remove_all(directory.path()); }

  static std::string new_directory() {
    std::string name = std::filesystem::temp_directory_path() / "weft-task-runner-XXXXXX";
    return ::mkdtemp(name.data());
  }
  world with_processes_and_files() {
    world made = cluster.world(0);
    made.host = std::make_unique<posix::posix_host>();
    made.storage = std::make_unique<posix::file_storage>();
    return made;
  }
  std::optional<farm::task_result> run_one(const std::string& command, std::uint64_t id = 1) {
    const farm::task what{id, command};
    return run(on, runner.run(what, {3, 0, 1}, output));
  }
  std::string output_of(std::uint64_t id, output_stream stream) const {
    std::ifstream file(directory.output_file(id, stream));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  weft::testing::fake_cluster cluster{1};
  world outside = with_processes_and_files();
  loop on{outside};
  farm::results_directory directory{new_directory()};
  farm::task_runner runner{on};
  farm::slot_output output{*outside.storage, directory, 3, 0};
  const farm::task sleeper{1, "touch " + directory.path() + "/started; sleep 60"};
  const farm::task stubborn{1, "trap '' TERM; touch " + directory.path() + "/started; while :; do sleep 0.1; done"};
};

TEST_F(task_runner_test, says_how_a_task_ended_and_keeps_what_it_wrote) {
  const auto result = run_one("echo out $WEFT_TASK_ID $WEFT_TASK_RANK; echo err >&2; exit 7", 1234);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->id, 1234U);
  EXPECT_EQ(result->exit, 7);
  EXPECT_EQ(result->signal, 0);
  EXPECT_EQ(result->rank, 3);
  EXPECT_EQ(output_of(1234, output_stream::out), "out 1234 3\n");
  EXPECT_EQ(output_of(1234, output_stream::err), "err\n");
}

TEST_F(task_runner_test, a_task_s_output_never_holds_another_s) {
  run_one("echo a long line of text", 1);
  run_one("true", 2);
  run_one("echo b", 3);
  EXPECT_EQ(output_of(1, output_stream::out), "a long line of text\n");
  EXPECT_FALSE(std::filesystem::exists(directory.output_file(2, output_stream::out)));
  EXPECT_EQ(output_of(3, output_stream::out), "b\n");
}

TEST_F(task_runner_test, a_signal_is_reported_as_such) {
  const auto result = run_one("kill -SEGV $$");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signal, SIGSEGV);
  EXPECT_EQ(result->exit, -1);
}

TEST_F(task_runner_test, a_command_too_long_for_the_system_fails_alone) {
  const auto result = run_one(": " + std::string(200'000, 'x'));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit, 126);
  EXPECT_NE(output_of(1, output_stream::err).find("too long"), std::string::npos);
  EXPECT_EQ(run_one("true", 2)->exit, 0);
}

TEST_F(task_runner_test, stopped_tasks_have_no_result) {
  auto running = spawn(on, runner.run(sleeper, {0, 0, 1}, output));
  while (!std::filesystem::exists(directory.path() + "/started")) on.turn();
  runner.stop();
  EXPECT_FALSE(running.get());
  EXPECT_FALSE(run_one("true"));
}

TEST_F(task_runner_test, tasks_that_ignore_the_first_signal_get_another) {
  auto running = spawn(on, runner.run(stubborn, {0, 0, 1}, output));
  while (!std::filesystem::exists(directory.path() + "/started")) on.turn();
  runner.stop();
  for (int i = 0; i < 1000; ++i) on.turn();
  EXPECT_FALSE(running.ready());
  cluster.advance(std::chrono::milliseconds(500));
  EXPECT_FALSE(running.get());
}

}  // namespace
