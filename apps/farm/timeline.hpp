// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>

namespace weft::farm {

/// How busy one rank was over time, in a fixed number of bins that grow with the time they must hold: memory does not
/// depend on how many tasks there are or how long they take.
class timeline {
 public:
  static constexpr std::size_t bins = 128;

  /// Something ran from `start` to `end`, in seconds from the beginning of the batch.
  void add(double start, double end);
  /// The seconds that were spent between `start` and `end`, as far as the bins can tell.
  double between(double start, double end) const noexcept;

 private:
  void widen();

  double width_ = 1.0 / 1024;  // seconds
  std::array<double, bins> busy_{};
};

}  // namespace weft::farm
