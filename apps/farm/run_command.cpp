// SPDX-License-Identifier: BSL-1.0
#include "run_command.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include "batch.hpp"
#include "prepare.hpp"
#include "terminal.hpp"

namespace weft::farm {
namespace {

constexpr const char* standard_input = "-";
constexpr int most_slots = 1024;

std::vector<task> read_standard_input() {
  task_parser parser("standard input");
  std::array<char, 1 << 16> piece;
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), stdin)) parser.feed({piece.data(), n});
  if (std::ferror(stdin) != 0) throw usage_error("cannot read the task list from standard input");
  return parser.finish();
}

}  // namespace

std::string run_options::results_path() const {
  if (!batch.results.empty()) return batch.results;
  return (tasks == standard_input ? std::string("stdin") : tasks) + ".weft";
}

void add_batch_options(CLI::App& command, batch_options& options) {
  command.add_option("--results", options.results, "directory for results and output")->type_name("DIR");
  command.add_flag("--overwrite", options.overwrite, "replace the results of an earlier batch in that directory");
  command.add_option("--slots", options.slots, "tasks that each rank runs at the same time (default 1)")
      ->check(CLI::Range(1, most_slots))
      ->type_name("N");
}

void add_run_command(CLI::App& program, run_options& options) {
  CLI::App* run = program.add_subcommand("run", "Run the shell commands in a file, one per line, over all ranks.");
  run->fallthrough();
  run->add_option("TASKS", options.tasks, "the file, or - for standard input; results go to TASKS.weft by default")
      ->required();
  add_batch_options(*run, options.batch);
}

int tell(context& ctx, const apps::app& app, const batch_report& report, const results_directory& directory) {
  ctx.host().write(output_stream::out, summary_text(report, directory, *ctx.storage(), find_terminal(ctx.host())));
  app.write_json(summary_json(report, directory));
  if (report.signal != 0) return static_cast<int>(exit_code::stopped_early);
  return static_cast<int>(report.counts.failed() > 0 ? exit_code::tasks_failed : exit_code::ok);
}

weft::task<int> run_list(context& ctx, const apps::app& app, const run_options& options) {
  const results_directory directory(options.results_path());
  batch_input input;
  auto get_ready = [&] {
    storage& files = *ctx.storage();
    input.tasks = options.tasks == standard_input ? read_standard_input() : read_task_list(files, options.tasks);
    prepare(files, directory, options.batch.overwrite);
    input.results = std::make_unique<results_writer>(files, directory.results_file());
  };
  const int refused = co_await prepare_on_rank_0(ctx, get_ready);
  if (refused != 0) co_return refused;
  const batch_report report = co_await run_batch(ctx, directory, options.batch.slots, input);
  co_return ctx.rank() == 0 ? tell(ctx, app, report, directory) : 0;
}

}  // namespace weft::farm
