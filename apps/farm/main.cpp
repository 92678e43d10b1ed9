// SPDX-License-Identifier: BSL-1.0
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include <weft/posix/task_supervisor.hpp>
#include <weft/sim/shell.hpp>
#include <weft/weft.hpp>

#include "common/app.hpp"
#include "demo.hpp"
#include "help.hpp"
#include "query_commands.hpp"
#include "run_command.hpp"
#include "simulated_supervisor.hpp"

namespace {

/// A rank that waits for its task must not spin meanwhile: the task needs that processor. Where ranks are bound to one
/// each, spinning makes a batch of short tasks 15 times slower. Nor need it look for messages often: its tasks' ends
/// wake it, and short tasks are handed out ahead.
std::vector<weft::setting_text> settings_of_a_farm() {
  std::vector<weft::setting_text> settings;
  for (const weft::setting_text& one :
       {weft::setting_text{"WEFT_IDLE_SPIN_US", "0"}, weft::setting_text{"WEFT_IDLE_SLEEP_US_MAX", "1000"}}) {
    if (std::getenv(one.name.c_str()) == nullptr) settings.push_back(one);
  }
  return settings;
}

/// Nor must each of its looks for messages give the processor away, as Open MPI does where ranks outnumber processors:
/// tasks and other programs would run for a whole time slice before it is back. It sleeps between looks anyway. But
/// many ranks of one processor would keep each other waiting while MPI starts and ends.
void keep_open_mpi_from_yielding() {
  const char* ranks = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (ranks != nullptr && std::atol(ranks) > 2 * ::sysconf(_SC_NPROCESSORS_ONLN)) return;
  ::setenv("OMPI_MCA_mpi_yield_when_idle", "0", 1);
}

}  // namespace

int main(int argc, char** argv) {
  // How the farm starts the supervisors of its ranks' tasks; no word for users.
  if (argc == 2 && std::string_view(argv[1]) == "supervise-tasks") return weft::posix::supervise_tasks();

  weft::apps::app app(
      "weft-farm",
      "Runs a batch of shell commands over all ranks, each when a processor is free for it, and each to its end,\n"
      "whatever becomes of the job.");
  weft::farm::run_options list;
  weft::farm::resume_options resume;
  weft::farm::resume_options retry;
  weft::farm::query_options query;
  weft::farm::demo_options demo;
  weft::farm::demo_tile_options tile;
  app.cli().require_subcommand(1);
  weft::farm::add_run_command(app.cli(), list);
  weft::farm::add_resume_commands(app.cli(), resume, retry);
  weft::farm::add_query_commands(app.cli(), query);
  weft::farm::add_demo_commands(app.cli(), demo, tile);
  app.cli().footer(weft::farm::help_text());  // behind the commands, which would take it over
  if (!app.parse(argc, argv)) return app.exit_code();
  if (app.cli().got_subcommand("demo-tile")) return weft::farm::write_demo_tile(tile);
  if (app.cli().got_subcommand("run") && list.dry_run) return weft::launcher_rank() == 0 ? show_tasks(list) : 0;
  for (const char* command : {"status", "explain", "output"}) {
    if (!app.cli().got_subcommand(command)) continue;
    return weft::launcher_rank() == 0 ? weft::farm::answer(app, query, command) : 0;
  }

  auto program = [&](weft::context& ctx) -> weft::task<int> {
    if (app.cli().got_subcommand("demo")) return weft::farm::run_demo(ctx, app, demo);
    if (app.cli().got_subcommand("resume")) return weft::farm::resume_batch(ctx, app, resume);
    if (app.cli().got_subcommand("retry")) return weft::farm::resume_batch(ctx, app, retry);
    return weft::farm::run_list(ctx, app, list);
  };
  keep_open_mpi_from_yielding();
  weft::sim::set_program_children(weft::farm::with_supervisors());
  return weft::run(argc, argv, program, settings_of_a_farm());
}
