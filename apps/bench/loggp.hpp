// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/sim/options.hpp>

#include "patterns.hpp"

namespace weft::bench {

struct fitted_network {
  sim::network_options network;
  pattern_times predicted;  ///< by the simulator with it: those of ping-pong and window agree with what was measured
};

/// The parameters of LogGP (as the simulator means them) with which simulated ping-pong and window take the measured
/// times: overhead from the sender's time for one message, latency from the short ping-pong, gap from the window, gap
/// per byte from the long ping-pongs. Nothing else is looked at. One process; runs the simulator itself.
fitted_network fit_network(const pattern_times& measured, std::uint64_t eager_bytes);

/// What to write into `WEFT_SIM`.
std::string settings_of(const sim::network_options& network);

}  // namespace weft::bench
