// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/core/config.hpp>
#include <weft/run/run.hpp>
#include <weft/world/host.hpp>

namespace weft::detail {

/// The program under `WEFT_SIM=<text>`: its lives, or many seeds of it, or the search for a smaller run that fails.
/// `arguments` are the program's, its name first, to print how to repeat it. Returns the exit code.
int run_simulated(host& outside, const std::string& text, const std::vector<std::string>& arguments,
                  const config& settings, program& body);

}  // namespace weft::detail
