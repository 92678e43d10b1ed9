// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <vector>

#include "support/loop_test.hpp"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using pending_report_test = weft::testing::loop_test;

TEST_F(pending_report_test, is_empty_when_nothing_is_pending) { EXPECT_EQ(l.pending_report(), ""); }

TEST_F(pending_report_test, groups_what_waits_at_one_place) {
  std::vector<future<void>> naps;
  for (int i = 0; i < 3; ++i) naps.push_back(sleep_for(l, 1h));
  promise<int> p(l);
  const std::string text = l.pending_report();
  EXPECT_EQ(text.find("4 operations are pending:\n  3 sleep (pending_report_test.cpp:"), 0u) << text;
  EXPECT_NE(text.find("  1 promise (pending_report_test.cpp:"), std::string::npos) << text;
}

TEST_F(pending_report_test, says_who_awaits_and_is_bounded) {
  promise<int> p(l);
  auto f = p.get_future();
  auto body = [&f]() -> task<> { co_await f; };
  auto waiting = spawn(l, body());
  turns(1);
  EXPECT_NE(l.pending_report().find("), awaited\n"), std::string::npos) << l.pending_report();
  EXPECT_NE(l.pending_report(1).find("  and 1 more\n"), std::string::npos) << l.pending_report(1);
  p.set_value(1);
  waiting.get();
}

}  // namespace
