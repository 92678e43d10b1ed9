// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/core/config.hpp>
#include <weft/world/host.hpp>

#include "tally.hpp"

namespace weft::farm {

/// "1240/2000 tasks, 3 failed, 812 tasks/s, 0:12 left". The time left is a guess from the rate so far, once there is
/// enough to guess from.
std::string progress_text(const tally& so_far, double seconds);

/// "[########--------] " for a part between 0 and 1.
std::string progress_bar(double part, int width);

/// Shows on standard error how far a batch is: a bar that moves, or a line now and then where standard error is no
/// terminal. Rank 0.
class progress {
 public:
  progress(host& output, progress_mode mode);

  /// Call it often; `seconds` from the start of the batch.
  void update(const tally& so_far, double seconds);
  /// Takes the bar away.
  void finish();

 private:
  host& output_;
  progress_mode mode_;
  double next_;
  bool bar_shown_ = false;
};

}  // namespace weft::farm
