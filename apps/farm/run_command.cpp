// SPDX-License-Identifier: BSL-1.0
#include "run_command.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <weft/posix/file_storage.hpp>

#include "batch.hpp"
#include "batch_view.hpp"
#include "plot.hpp"
#include "prepare.hpp"
#include "quantity.hpp"
#include "task_list.hpp"
#include "task_template.hpp"
#include "terminal.hpp"

namespace weft::farm {
namespace {

constexpr const char* standard_input = "-";

std::vector<task> read_standard_input() {
  task_parser parser("standard input");
  std::array<char, 1 << 16> piece;
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), stdin)) parser.feed({piece.data(), n});
  if (std::ferror(stdin) != 0) throw usage_error("cannot read the task list from standard input");
  return parser.finish();
}

std::vector<task> tasks_of_template(const run_options& options, storage& files) {
  std::vector<parameter> parameters;
  for (const std::string& each : options.each) parameters.push_back(parse_parameter(each, files));
  return expand(options.tasks, parameters);
}

weft::task<int> run_request(context& ctx, const apps::app& app, batch_request& request) {
  batch_input input;
  const batch_terms terms = co_await prepare_batch(ctx, request, input);
  if (terms.refused != 0) co_return terms.refused;
  batch_input* mine = ctx.rank() == 0 ? &input : nullptr;
  const batch_report report = co_await run_batch(ctx, request.directory, terms, request.options, mine);
  if (ctx.rank() != 0) co_return 0;
  const int code = tell(ctx, app, report, request.directory);
  if (request.options.plot && request.options.has_journal) {
    input.book.reset();  // its lock must not look like that of a batch that runs
    plot_batch(*ctx.storage(), request.directory, look_at_batch(*ctx.storage(), request.directory));
    ctx.host().write(output_stream::out, "timeline: " + request.directory.plot_file() + "\n");
  }
  co_return code;
}

std::string limits_text(const task& one) {
  std::string text;
  if (!one.name.empty()) text += fmt::format(" name={}", one.name);
  if (!one.directory.empty()) text += fmt::format(" cwd={}", one.directory);
  for (const std::string& variable : one.environment) text += fmt::format(" {}", variable);
  if (one.priority != 0) text += fmt::format(" priority={}", one.priority);
  if (one.cores != 1) text += fmt::format(" cores={}", one.cores);
  if (one.retries != task::by_default) text += fmt::format(" retries={}", one.retries);
  if (one.time_limit.count() != task::by_default) {
    text += fmt::format(" time_limit={}", time_text(std::chrono::duration<double>(one.time_limit).count()));
  }
  for (std::size_t i = 0; i < one.parents.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? " after=" : ",", one.parents[i]);
  return text.empty() ? text : "   #" + text;
}

}  // namespace

std::string run_options::results_path() const {
  if (!batch.results.empty()) return batch.results;
  if (!each.empty()) return "template.weft";
  return (tasks == standard_input ? std::string("stdin") : tasks) + ".weft";
}

std::vector<task> tasks_of(const run_options& options, storage& files) {
  if (!options.each.empty()) return tasks_of_template(options, files);
  return options.tasks == standard_input ? read_standard_input() : read_task_list(files, options.tasks);
}

int show_tasks(const run_options& options) {
  posix::file_storage files;
  try {
    const std::vector<task> tasks = tasks_of(options, files);
    for (const task& one : tasks) fmt::print("{:>6}  {}{}\n", one.id, one.command, limits_text(one));
    fmt::print("{} task{}; results would go to {}\n", tasks.size(), tasks.size() == 1 ? "" : "s",
               options.results_path());
    return static_cast<int>(exit_code::ok);
  } catch (const usage_error& wrong) {
    fmt::print(stderr, "weft-farm: {}\n", wrong.what());
    return static_cast<int>(exit_code::usage);
  }
}

int tell(context& ctx, const apps::app& app, const batch_report& report, const results_directory& directory) {
  ctx.host().write(output_stream::out, summary_text(report, directory, find_terminal(ctx.host())));
  app.write_json(summary_json(report, directory));
  return exit_code_of(report);
}

weft::task<int> run_list(context& ctx, const apps::app& app, const run_options& options) {
  batch_request request;
  request.directory = results_directory(options.results_path());
  request.options = options.batch;
  request.tasks = [&] { return tasks_of(options, *ctx.storage()); };
  request.list_name = !options.each.empty() ? "the template" : "the task list '" + options.tasks + "'";
  co_return co_await run_request(ctx, app, request);
}

weft::task<int> resume_batch(context& ctx, const apps::app& app, const resume_options& options) {
  batch_request request;
  std::string directory = options.directory;
  try {
    directory = find_directory(*ctx.storage(), options.directory);
  } catch (const usage_error& wrong) {
    if (ctx.rank() == 0) ctx.host().write(output_stream::err, std::string("weft-farm: ") + wrong.what() + "\n");
    co_return static_cast<int>(exit_code::usage);
  }
  request.directory = results_directory(directory);
  request.options.time_left = options.time_left;
  request.options.plot = options.plot;
  request.must_exist = true;
  request.options_from_journal = true;
  request.retry = options.retry;
  request.retried = options.tasks;
  co_return co_await run_request(ctx, app, request);
}

}  // namespace weft::farm
