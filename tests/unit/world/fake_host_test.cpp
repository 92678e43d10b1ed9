// SPDX-License-Identifier: BSL-1.0
#include "support/fake_host.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>

#include <weft/core/error.hpp>

namespace {

using weft::host_event;
using weft::testing::fake_host;
using weft::testing::fake_host_state;

struct fake_host_test : ::testing::Test {
  std::shared_ptr<fake_host_state> state = std::make_shared<fake_host_state>();
  fake_host host{state};
  std::array<host_event, 4> events{};
};

TEST_F(fake_host_test, a_watched_signal_is_an_event) {
  int token = 0;
  EXPECT_FALSE(state->raise(SIGTERM));
  EXPECT_FALSE(host.watching());
  host.watch_signal(SIGTERM, &token);
  EXPECT_TRUE(host.watching());
  EXPECT_TRUE(state->raise(SIGTERM));
  ASSERT_EQ(host.poll(events), 1u);
  EXPECT_EQ(events[0].what, host_event::kind::signal);
  EXPECT_EQ(events[0].signal, SIGTERM);
  EXPECT_EQ(events[0].token, &token);
  EXPECT_EQ(host.poll(events), 0u);
  host.unwatch_signal(SIGTERM);
  EXPECT_FALSE(state->raise(SIGTERM));
}

TEST_F(fake_host_test, a_ready_descriptor_is_an_event_for_what_is_watched) {
  host.watch_descriptor(3, true, false, nullptr);
  state->make_ready(3, true, true);
  state->make_ready(4, true, true);
  ASSERT_EQ(host.poll(events), 1u);
  EXPECT_EQ(events[0].what, host_event::kind::readable);
  EXPECT_EQ(events[0].descriptor, 3);
}

TEST_F(fake_host_test, variables_come_from_the_test) {
  state->variables = {{"WEFT_A", "1"}, {"WEFT_B", ""}, {"HOME", "/"}};
  EXPECT_EQ(host.variable("WEFT_A"), "1");
  EXPECT_EQ(host.variable("WEFT_B"), "");
  EXPECT_EQ(host.variable("WEFT_C"), std::nullopt);
  EXPECT_EQ(host.variable_names("WEFT_"), (std::vector<std::string>{"WEFT_A", "WEFT_B"}));
}

TEST_F(fake_host_test, output_is_captured_and_wakes_are_seen) {
  host.write(weft::output_stream::out, "a");
  host.write(weft::output_stream::err, "b");
  host.write(weft::output_stream::out, "c");
  EXPECT_EQ(state->output, "ac");
  EXPECT_EQ(state->error_output, "b");
  EXPECT_TRUE(host.prepare_sleep());
  host.wake();
  EXPECT_FALSE(host.prepare_sleep());
  host.clear_wake();
  EXPECT_TRUE(host.prepare_sleep());
}

TEST_F(fake_host_test, entropy_follows_the_seed) {
  std::array<std::byte, 16> a{}, b{}, c{};
  state->seed = 5;
  host.entropy(a);
  host.entropy(b);
  state->seed = 5;
  host.entropy(c);
  EXPECT_EQ(a, c);
  EXPECT_NE(a, b);
}

TEST_F(fake_host_test, programs_are_refused) {
  weft::child_program program;
  program.argv = {"true"};
  EXPECT_THROW(host.start(program, nullptr), weft::world_error);
}

}  // namespace
