// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <weft/core/error.hpp>

namespace weft::apps {

/// What every weft program has: `--help`, `--version`, `--json FILE`, one line for a wrong command line.
class app {
 public:
  /// `name` as in "weft-farm"; `description` is the first lines of the help.
  app(std::string name, std::string description);

  CLI::App& cli() noexcept { return cli_; }
  const std::string& json_file() const noexcept { return json_file_; }

  /// Parses the command line, before MPI is initialised. True: go on. False: `exit_code()` says how to end (help or
  /// version was asked for, or the line is wrong); the launcher's rank 0 has said what there is to say.
  bool parse(int argc, char** argv);
  int exit_code() const noexcept { return exit_code_; }

  /// Rank 0 only: writes one JSON object to the `--json` file, if there is one. Throws `error` if it cannot be written.
  void write_json(const nlohmann::json& object) const;

 private:
  CLI::App cli_;
  std::string name_;
  std::string json_file_;
  int exit_code_ = 0;
};

}  // namespace weft::apps
