// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/async/task.hpp>
#include <weft/port/context.hpp>

#include "common/app.hpp"
#include "summary.hpp"

namespace weft::farm {

/// How to run a batch, as the commands that run one share it.
struct batch_options {
  std::string results;  ///< the directory; empty: the command's own
  bool overwrite = false;
  int slots = 1;
};

/// The options of `weft-farm run`.
struct run_options {
  std::string tasks;  ///< a file, or "-"
  batch_options batch;

  /// Where the results go: as told, or beside the list.
  std::string results_path() const;
};

void add_batch_options(CLI::App& command, batch_options& options);
void add_run_command(CLI::App& program, run_options& options);

/// Runs a task list. Collective; the exit code, the same on every rank.
weft::task<int> run_list(context& ctx, const apps::app& app, const run_options& options);

/// Rank 0: prints the summary and writes the JSON file. The exit code.
int tell(context& ctx, const apps::app& app, const batch_report& report, const results_directory& directory);

}  // namespace weft::farm
