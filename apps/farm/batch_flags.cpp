// SPDX-License-Identifier: BSL-1.0
#include "run_command.hpp"

#include "quantity.hpp"

namespace weft::farm {
namespace {

constexpr int most_slots = 1024;

/// An option whose text is a length of time.
CLI::Option* add_time(CLI::App& command, const std::string& name, duration& to, const std::string& help) {
  const auto take = [&to, name](const std::string& text) {
    const auto time = parse_time(text);
    if (!time) throw CLI::ValidationError(name, "'" + text + "' is no time; say 90, 10m, 1.5h or 1:30:00");
    to = *time;
  };
  return command.add_option_function<std::string>(name, take, help)->type_name("TIME");
}

}  // namespace

void add_batch_options(CLI::App& command, batch_options& options) {
  command.add_option("--results", options.results, "directory for results, output and journal")->type_name("DIR");
  command.add_flag("--overwrite", options.overwrite, "give up the batch in that directory and begin anew");
  command.add_option("--slots", options.slots, "tasks of one core that each rank runs at the same time (default 1)")
      ->check(CLI::Range(1, most_slots))
      ->type_name("N");
  command.add_option("--retries", options.retries, "try a task that fails so many times more, elsewhere if possible")
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
  add_time(command, "--time-limit", options.time_limit, "kill a task that takes longer: 90, 10m, 1.5h, 1:30:00");
  command.add_option("--max-fails", options.max_fails, "begin no more tasks once so many have failed")
      ->check(CLI::Range(1, 1'000'000'000))
      ->type_name("N");
  command.add_flag("--run-dependents", options.run_dependents, "run tasks also after ones that failed, not skip them");
  const auto limit = [&options](const std::string& text) {
    const auto bytes = parse_bytes(text);
    if (!bytes) throw CLI::ValidationError("--output-limit", "'" + text + "' is no size; say 4096, 64K, 10M or 2G");
    options.output_limit = *bytes;
  };
  command
      .add_option_function<std::string>("--output-limit", limit,
                                        "keep so much of each task's output (default 256M; 0: all)")
      ->type_name("SIZE");
  add_time(command, "--grace", options.grace, "after SIGUSR1, let running tasks go on for so long (default 10)");
  add_time(command, "--time-left", options.time_left,
           "begin nothing that cannot end within this time (default: as Slurm says)");
  const auto kept = [&options](const std::string& text) {
    if (text != "synced" && text != "written") throw CLI::ValidationError("--durability", "must be synced or written");
    options.kept = text == "written" ? durability::written : durability::synced;
  };
  command
      .add_option_function<std::string>("--durability", kept,
                                        "synced (default): what is done survives the node; written: every process")
      ->type_name("HOW");
  const auto without = [&options](std::int64_t) { options.has_journal = false; };
  command.add_flag_function("--no-journal", without, "keep no journal: the batch cannot be resumed");
  command.add_flag("--plot", options.plot, "draw what ran where and when: DIR/timeline.svg");
}

void add_run_command(CLI::App& program, run_options& options) {
  CLI::App* run = program.add_subcommand("run", "Run the tasks in a file over all ranks, or go on with them.");
  run->fallthrough();
  run->add_option("TASKS", options.tasks,
                  "a file with one shell command or JSON object per line, - for standard input; with --each a command "
                  "with {NAME}s. Results go to TASKS.weft by default, those of a template to template.weft")
      ->required();
  run->add_option("--each", options.each, "a parameter of a template: NAME=VALUE,VALUE,... or NAME=@FILE (repeatable)")
      ->type_name("NAME=VALUES")
      ->allow_extra_args(false);
  run->add_flag("--dry-run", options.dry_run, "say what would run, and run nothing");
  add_batch_options(*run, options.batch);
}

void add_resume_commands(CLI::App& program, resume_options& resume, resume_options& retry) {
  const auto add = [&](const char* name, const char* help, resume_options& options) {
    CLI::App* command = program.add_subcommand(name, help);
    command->fallthrough();
    command->add_option("DIR", options.directory, "the results directory (default: the one *.weft here)");
    command->add_flag("--plot", options.plot, "draw what ran where and when: DIR/timeline.svg");
    add_time(*command, "--time-left", options.time_left, "begin nothing that cannot end within this time");
    return command;
  };
  add("resume", "Go on with a batch that was interrupted, with any number of ranks.", resume);
  retry.retry = true;
  add("retry", "Run the tasks that have failed again.", retry)
      ->add_option("--tasks", retry.tasks, "only these: 3,17")
      ->delimiter(',')
      ->type_name("TASK,...");
}

}  // namespace weft::farm
