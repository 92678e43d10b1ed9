// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/port/context.hpp>

#include "batch_options.hpp"
#include "common/app.hpp"
#include "results_directory.hpp"
#include "summary.hpp"
#include "task.hpp"

namespace weft::farm {

/// The options of `weft-farm run`.
struct run_options {
  std::string tasks;              ///< a file, or "-", or a template's command
  std::vector<std::string> each;  ///< parameters of a template
  bool dry_run = false;
  batch_options batch;

  /// Where the results go: as told, or beside the list.
  std::string results_path() const;
};

/// The options of `weft-farm resume` and `weft-farm retry`.
struct resume_options {
  std::string directory;
  std::vector<std::uint64_t> tasks;  ///< to retry; none: all that have failed
  bool retry = false;
  bool plot = false;
  duration time_left{0};
};

void add_batch_options(CLI::App& command, batch_options& options);
void add_run_command(CLI::App& program, run_options& options);
void add_resume_commands(CLI::App& program, resume_options& resume, resume_options& retry);

/// The tasks of a list, standard input or template. Throws `usage_error`.
std::vector<task> tasks_of(const run_options& options, storage& files);
/// `--dry-run`: says what would run. The exit code.
int show_tasks(const run_options& options);

/// Collective; the exit code, the same on every rank.
weft::task<int> run_list(context& ctx, const apps::app& app, const run_options& options);
weft::task<int> resume_batch(context& ctx, const apps::app& app, const resume_options& options);

/// Rank 0: prints the summary and writes the JSON file. The exit code.
int tell(context& ctx, const apps::app& app, const batch_report& report, const results_directory& directory);

}  // namespace weft::farm
