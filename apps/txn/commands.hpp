// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace CLI {
class App;
}

namespace weft::txn_app {

/// What the command line says.
struct command_line {
  std::string directory;
  std::string id;       ///< explain, resolve: EPOCH.COORDINATOR.SEQUENCE
  std::string outcome;  ///< resolve: commit or abort
  std::string file;     ///< dump, load; empty: standard output, standard input
  bool all = false;     ///< list
  bool force = false;   ///< resolve
};

void add_commands(CLI::App& program, command_line& line);
/// Runs the command that was parsed; its answer, and what it says to people on standard output.
nlohmann::json run_command(const CLI::App& program, const command_line& line);

}  // namespace weft::txn_app
