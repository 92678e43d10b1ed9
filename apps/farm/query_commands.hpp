// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "common/app.hpp"

namespace weft::farm {

/// What `weft-farm status`, `explain` and `output` are asked.
struct query_options {
  std::string directory;
  std::string task;  ///< a number or a name
  bool errors_only = false;
  bool output_only = false;
  bool plot = false;
};

void add_query_commands(CLI::App& program, query_options& options);

/// Each answers on standard output, in plain code without MPI, and returns the exit code.
int show_status(const apps::app& app, const query_options& options);
int explain_task(const query_options& options);
int show_output(const query_options& options);

/// Runs one of them; what it throws becomes one line on standard error and an exit code.
int answer(const apps::app& app, const query_options& options, const std::string& command);

}  // namespace weft::farm
