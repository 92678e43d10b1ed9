// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include <weft/async/async.hpp>

#include "support/fake_world.hpp"

namespace weft::testing {

/// One rank's loop in the fake world, whose clock jumps to the next deadline when the loop idles.
class loop_test : public ::testing::Test {
 protected:
  static fake_options jumping() {
    fake_options options;
    options.idle_jumps = true;
    return options;
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) l.turn();
  }
  std::string& reported() { return cluster.host(0).error_output; }
  std::size_t reports(const std::string& text) {
    std::size_t found = 0;
    for (auto at = reported().find(text); at != std::string::npos; at = reported().find(text, at + 1)) ++found;
    return found;
  }

  fake_cluster cluster{1, jumping()};
  world outside = cluster.world(0);
  loop l{outside};
};

/// An operation that cannot be withdrawn in time: the attempt finds that it has succeeded. As a receive whose message
/// has come and was not reaped yet.
struct late_operation final : value_operation<int> {
  late_operation(loop& on, int value) : value_operation<int>(on, kind, source_location::current()), late_value(value) {}
  static withdrawal too_late(operation& self) noexcept {
    auto& me = static_cast<late_operation&>(self);
    me.emplace(me.late_value);
    me.succeed();
    return withdrawal::too_late;
  }
  static constexpr operation::type kind{"late", weft::detail::never_completed, too_late,
                                        weft::detail::destroy_operation<late_operation>, drop_policy::withdraw};
  int late_value;
};

inline future<int> late(loop& on, int value) {
  return future<int>(weft::detail::make_operation<late_operation>(on, value));
}

}  // namespace weft::testing
