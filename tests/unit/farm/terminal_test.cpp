// SPDX-License-Identifier: BSL-1.0
#include "farm/terminal.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "support/fake_host.hpp"

namespace {

class terminal_test : public ::testing::Test {
 protected:
  bool color() const { return weft::farm::find_terminal(host).color; }
  bool utf8() const { return weft::farm::find_terminal(host).utf8; }
  std::shared_ptr<weft::testing::fake_host_state> state = std::make_shared<weft::testing::fake_host_state>();
  weft::testing::fake_host host{state};
};

TEST_F(terminal_test, colours_need_a_terminal_that_can_show_them) {
  EXPECT_FALSE(color());
  state->is_terminal = true;
  EXPECT_TRUE(color());
  state->variables["TERM"] = "dumb";
  EXPECT_FALSE(color());
}

TEST_F(terminal_test, under_a_launcher_a_terminal_proves_nothing) {
  state->is_terminal = true;
  state->variables["OMPI_COMM_WORLD_RANK"] = "0";
  EXPECT_FALSE(color());
  state->variables["CLICOLOR_FORCE"] = "1";
  EXPECT_TRUE(color());
}

TEST_F(terminal_test, no_color_wins) {
  state->variables["CLICOLOR_FORCE"] = "1";
  state->variables["NO_COLOR"] = "1";
  EXPECT_FALSE(color());
}

TEST_F(terminal_test, the_first_locale_variable_that_is_set_rules) {
  EXPECT_FALSE(utf8());
  state->variables["LANG"] = "en_US.UTF-8";
  EXPECT_TRUE(utf8());
  state->variables["LC_ALL"] = "C";
  EXPECT_FALSE(utf8());
  state->variables["LC_ALL"] = "C.utf8";
  EXPECT_TRUE(utf8());
}

}  // namespace
