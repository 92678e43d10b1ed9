// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>

namespace weft::sim {

/// Runs `run` in a child process of its own and returns what it returns there: "" for a run without failure, else how
/// it failed. What the child writes is thrown away, and what it does to the program's memory is gone with it. A child
/// that dies of a signal has failed by it. Call it before there are threads. Throws `world_error` if there is no child.
std::string run_apart(const std::function<std::string()>& run);

/// The text with each number replaced by `#`: two failures that differ only in ranks or counts are the same one.
std::string without_numbers(const std::string& text);

}  // namespace weft::sim
