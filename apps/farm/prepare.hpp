// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/core/error.hpp>
#include <weft/port/context.hpp>

#include "batch.hpp"

namespace weft::farm {

/// What a command wants to have run.
struct batch_request {
  results_directory directory{""};
  batch_options options;
  std::function<std::vector<task>()> tasks;  ///< reads the list; empty: that of the batch in the directory
  std::string list_name;                     ///< for errors
  bool must_exist = false;                   ///< there has to be a batch already
  bool options_from_journal = false;
  bool retry = false;
  std::vector<std::uint64_t> retried = {};  ///< none: all that have failed
};

/// Rank 0 prepares a batch, which may turn out impossible; then every rank has to leave with the same exit code, and
/// one of them says why. `input` and `request.options` are filled on rank 0 only. Collective; the same terms on every
/// rank.
weft::task<batch_terms> prepare_batch(context& ctx, batch_request& request, batch_input& input);

}  // namespace weft::farm
