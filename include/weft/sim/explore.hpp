// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include <weft/sim/choice.hpp>
#include <weft/sim/world.hpp>

namespace weft::sim {

struct explore_options {
  world_options world;
  std::uint64_t most_runs = 100'000;
  std::size_t most_choices = 1000;  ///< of a run; after them the first possible thing always happens next
  /// How often a run stops a rank that could go on, in the midst of its work (Musuvathi and Qadeer, "Iterative context
  /// bounding for systematic testing of multithreaded programs", PLDI 2007). Few suffice for most errors.
  int preemptions = 0;
  bool orders_ranks = false;  ///< also in which order ranks run that can; matters where they share files
  /// Leaves out orders that differ only in what happens to different ranks first (sleep sets: Godefroid,
  /// "Partial-order methods for the verification of concurrent systems", 1996). Switch it off where ranks share more
  /// than messages.
  bool reduces = true;
  bool stops_at_failure = true;  ///< a run that fails leaves its ranks' memory behind
};

struct exploration {
  std::uint64_t runs = 0;         ///< each in another order
  std::uint64_t repetitions = 0;  ///< runs that came to the same as another one
  std::uint64_t failures = 0;
  bool is_complete = false;           ///< all orders were seen
  std::vector<choice> first_failure;  ///< what was chosen in it
  std::string report;                 ///< of the first failure: the choices, and what each rank waited for

  explicit operator bool() const noexcept { return failures == 0 && is_complete; }
};

/// Says whether a run was right. Called after each.
using verdict = std::function<bool(const outcome& end)>;

exploration explore_program(weft::detail::program& body, int ranks, const explore_options& options,
                            const verdict& is_right);

/// Runs a small program on `ranks` ranks in every order in which its messages may arrive and its timers may fire: again
/// and again from the start, each time with other choices. `is_right` judges each run; without it, a run is right that
/// ends with exit code 0. The program must do the same in every run but for these choices: it must not keep anything
/// from one run to the next that changes what it does. Throws `usage_error` if it does.
template <class Program>
exploration explore(Program&& program, int ranks, const explore_options& options = {}, const verdict& is_right = {}) {
  weft::detail::program_of<std::remove_reference_t<Program>> body(program, 0, nullptr);
  return explore_program(body, ranks, options, is_right);
}

}  // namespace weft::sim
