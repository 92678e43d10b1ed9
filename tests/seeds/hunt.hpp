// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include <weft/sim/shrink.hpp>

#include "suite.hpp"

namespace weft::seeds {

/// Runs a seed of a suite and says what is wrong, an exception included; "" if nothing is.
std::string verdict(const suite& which, std::uint64_t seed, tally& counts);

/// Makes a failing seed, run within `bounds`, smaller, each trial in a process of its own, with so many other seeds for
/// each size. Returns the command that repeats the smallest run.
std::string shrunk_command(const suite& which, std::uint64_t seed, const std::string& wrong, std::uint64_t seeds,
                           const sim::run_settings& bounds);

/// Runs the lines `SUITE SEED [BOUNDS]` of a file; `#` begins a comment. Prints what fails; throws `usage_error` for a
/// line that names no suite.
bool run_list(const std::string& file, const suite* const* suites, std::size_t how_many);

}  // namespace weft::seeds
