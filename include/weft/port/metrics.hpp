// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace weft {

/// What the ports of one context have done so far on this rank.
struct port_metrics {
  std::uint64_t posted = 0;           ///< messages
  std::uint64_t handled = 0;          ///< messages: their handler has returned, or its coroutine was started
  std::uint64_t dropped = 0;          ///< messages for ports that were destroyed unretired (counted in `handled` too)
  std::uint64_t handler_errors = 0;   ///< exceptions that left a handler
  std::uint64_t frames_sent = 0;      ///< with control frames
  std::uint64_t frames_received = 0;  ///< with control frames
  std::uint64_t frames_queued = 0;    ///< had to wait for credit
  std::uint64_t frames_copied = 0;    ///< could not be handled where they had been received
  std::uint64_t large = 0;            ///< messages announced and fetched
};

}  // namespace weft
