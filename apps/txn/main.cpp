// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include <weft/core/error.hpp>
#include <weft/run/run.hpp>

#include "commands.hpp"
#include "common/app.hpp"

int main(int argc, char** argv) {
  weft::apps::app app("weft-txn",
                      "Looks into the directory of a store of transactions, while no job runs, and mends what only a person\n"
                      "can decide.\n"
                      "Keys of --json: what each command prints (inspect: directory, newest_run, live_run, is_in_use, journals,\n"
                      "bytes, keys, in_doubt, decided_by_operator; list: in_doubt, others; explain: id, records, verdict;\n"
                      "verify: journals, bytes, cut; dump, load: keys; resolve: id, outcome).");
  weft::txn_app::command_line line;
  weft::txn_app::add_commands(app.cli(), line);
  if (!app.parse(argc, argv)) return app.exit_code();
  try {
    app.write_json(weft::txn_app::run_command(app.cli(), line));
    return static_cast<int>(weft::exit_code::ok);
  } catch (const weft::usage_error& e) {
    std::fputs(fmt::format("weft-txn: {}\n", e.what()).c_str(), stderr);
    return static_cast<int>(weft::exit_code::usage);
  } catch (const weft::environment_error& e) {
    std::fputs(fmt::format("weft-txn: {}\n", e.what()).c_str(), stderr);
    return static_cast<int>(weft::exit_code::environment);
  } catch (const std::exception& e) {
    std::fputs(fmt::format("weft-txn: {}\n", e.what()).c_str(), stderr);
    return static_cast<int>(weft::exit_code::runtime_error);
  }
}
