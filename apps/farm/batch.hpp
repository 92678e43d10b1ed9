// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/async/task.hpp>
#include <weft/journal/folder.hpp>
#include <weft/port/context.hpp>

#include "conductor.hpp"
#include "results_directory.hpp"

namespace weft::farm {

/// What every rank has to know of a batch; plain bytes, from rank 0.
struct batch_terms {
  std::int32_t refused = 0;  ///< an exit code: there is no batch
  std::int32_t slots = 1;
  std::uint64_t output_limit = 0;
  std::uint32_t has_journal = 0;
  std::uint32_t reserved = 0;
  journal_run run;
};

/// Runs a batch over all ranks. Rank 0 alone has `input`, with a book that has begun. Collective; a report on rank 0,
/// an empty one elsewhere. SIGTERM or SIGINT to any rank ends it early: running tasks are killed and have no result.
/// SIGUSR1 does so too, but what runs may go on for `options.grace`.
weft::task<batch_report> run_batch(context& ctx, const results_directory& directory, const batch_terms& terms,
                                   const batch_options& options, batch_input* input);

}  // namespace weft::farm
