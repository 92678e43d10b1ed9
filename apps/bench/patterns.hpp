// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <map>

#include <weft/port/context.hpp>

namespace weft::bench {

/// How often each pattern is measured. Times are medians of `batches`: a batch during which a rank was preempted does
/// not count for more than one.
struct pattern_plan {
  int batches = 2000;
  duration stencil{0};  ///< what the computation of a halo step takes: charged to a simulated clock
};

/// Times of the classic patterns between two ranks, by the clock of their world: real under MPI, virtual in the
/// simulator. In nanoseconds.
struct pattern_times {
  std::map<std::size_t, double> ping_pong;  ///< half a round trip, by bytes
  double issue = 0;                         ///< the sender's time for one of 64 messages of 8 bytes that it starts
  double window = 0;                        ///< the 64 messages one way, and one back
  double halo = 0;     ///< rows of 8 KiB to and from both neighbours, then a five-point stencil on 64 rows
  double stencil = 0;  ///< that stencil alone
};

/// Collective over two ranks; the times are rank 0's. The large messages of the ping-pong are those of `sizes`.
task<pattern_times> measure_patterns(context& ctx, pattern_plan plan);

/// The sizes of the ping-pong, in bytes; the first is 8.
inline constexpr std::size_t ping_pong_sizes[] = {8, 256, 1024, 2048, 8192, 32768, 131072};

}  // namespace weft::bench
