// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/port/context.hpp>

#include "results_directory.hpp"
#include "results_writer.hpp"
#include "summary.hpp"
#include "task_list.hpp"

namespace weft::farm {

/// What rank 0 brings to a batch; the batch takes it out.
struct batch_input {
  std::vector<task> tasks;
  std::unique_ptr<results_writer> results;
};

/// Runs tasks over all ranks, `slots` at a time on each: rank 0 puts them into a work queue, every rank takes from it,
/// and rank 0 writes the results as they come. Collective; `input` counts on rank 0 only, and so does what is returned.
///
/// SIGTERM or SIGINT on any rank ends the batch early on all: running tasks are killed and have no result, those not
/// begun are not started. Throws `error` where this rank cannot go on.
weft::task<batch_report> run_batch(context& ctx, const results_directory& directory, int slots, batch_input& input);

}  // namespace weft::farm
