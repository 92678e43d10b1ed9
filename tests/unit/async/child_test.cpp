// SPDX-License-Identifier: BSL-1.0
#include <weft/async/child.hpp>

#include <csignal>

#include <weft/posix/posix_host.hpp>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;

/// The fake world with a real host: the clock of the fake stands still, and the loop spins while it waits.
class child_test : public ::testing::Test {
 protected:
  static child_program shell(std::string command) {
    child_program program;
    program.argv = {"/bin/sh", "-c", std::move(command)};
    return program;
  }
  world with_processes() {
    world made = cluster.world(0);
    made.host = std::make_unique<posix::posix_host>();
    return made;
  }
  weft::testing::fake_cluster cluster{1};
  world outside = with_processes();
  loop l{outside};
};

TEST_F(child_test, its_end_and_output_are_awaited) {
  child_process p(l, shell("echo out; echo err >&2; exit 3"));
  const child_status status = p.wait().get();
  EXPECT_EQ(status.exit_code, 3);
  EXPECT_FALSE(status.succeeded());
  EXPECT_EQ(p.output(), "out\n");
  EXPECT_EQ(p.errors(), "err\n");
  EXPECT_FALSE(p.running());
  EXPECT_FALSE(p.kill(SIGTERM));
}

TEST_F(child_test, can_be_killed) {
  child_process p(l, shell("sleep 60"));
  EXPECT_NE(l.pending_report().find("child"), std::string::npos);
  EXPECT_TRUE(p.kill(SIGKILL));
  EXPECT_EQ(p.wait().get().signal, SIGKILL);
}

TEST_F(child_test, destroying_it_kills_the_child_and_cancels_the_wait) {
  future<child_status> ended;
  {
    child_process p(l, shell("sleep 60"));
    ended = p.wait();
  }
  EXPECT_THROW(ended.get(), operation_cancelled);
}

TEST_F(child_test, a_program_that_cannot_be_started_throws) {
  child_program none;
  none.argv = {"/no/such/program"};
  EXPECT_THROW(child_process(l, none), world_error);
  EXPECT_EQ(l.pending(), 0u);
}

}  // namespace
