// SPDX-License-Identifier: BSL-1.0
#include "query_commands.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include <weft/posix/file_storage.hpp>

#include "batch_view.hpp"
#include "ledger_results.hpp"
#include "output_reader.hpp"
#include "plot.hpp"
#include "quantity.hpp"
#include "summary.hpp"

namespace weft::farm {
namespace {

constexpr std::size_t failures_shown = 10;

/// The task that a user means by a number or a name.
const task& find_task(const batch_view& batch, const std::string& text, const std::string& directory) {
  for (const task& one : batch.tasks) {
    if (!one.name.empty() && one.name == text) return one;
  }
  std::uint64_t id = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool is_number = code == std::errc{} && end == text.data() + text.size();
  const auto same = [&](const task& one) { return one.id == id; };
  const auto found = std::find_if(batch.tasks.begin(), batch.tasks.end(), same);
  if (!is_number || found == batch.tasks.end()) {
    throw usage_error("there is no task '" + text + "' in '" + directory + "'");
  }
  return *found;
}

std::string attempt_text(const task& what, const ended_record& end) {
  const task_result result = make_result(what, end);
  std::string text = fmt::format("attempt {}: rank {}, slot {}, {}: ", result.attempt, result.rank, result.slot,
                                 time_text(result.seconds));
  if (end.end.outcome == posix::task_outcome::stopped) return text + "was stopped with the batch; counts for nothing";
  text += how_it_ended(result);
  if (end.worth == attempt_worth::nothing) return text + "; on a node where everything failed: counts for nothing";
  text += fmt::format(", {} of processor time, {} MiB", time_text(static_cast<double>(end.end.processor) * 1e-9),
                      (end.end.memory + (1 << 19)) >> 20);
  return text + (end.worth == attempt_worth::retried ? "; to be tried again" : "");
}

std::string parents_text(const batch_view& batch, const task& what, const std::vector<task_standing>& standings) {
  std::string text;
  for (const std::uint64_t parent : what.parents) {
    const std::size_t place = place_in(batch.tasks, parent);
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", parent, name_of(standings[place]));
  }
  return text;
}

std::string why(const batch_view& batch, const task& what, const std::vector<task_standing>& standings) {
  const std::string waits = parents_text(batch, what, standings);
  switch (standings[place_in(batch.tasks, what.id)]) {
    case task_standing::done:
      return "done";
    case task_standing::failed:
      return "failed; weft-farm retry runs it again";
    case task_standing::skipped:
      return "skipped, because it comes after a task that has failed: " + waits;
    case task_standing::running:
      return "running, or about to, on rank " + std::to_string(batch.past.open_leases().at(what.id).rank);
    case task_standing::lost:
      return "was begun and lost with its rank; it will be begun again when the batch goes on";
    case task_standing::blocked:
      return "waits for other tasks: " + waits;
    case task_standing::waiting:
      return batch.is_running ? "waits for a free rank" : "waits for the batch to go on";
  }
  return {};
}

void write_piece(output_stream stream, std::string_view piece) {
  std::FILE* to = stream == output_stream::out ? stdout : stderr;
  if (std::fwrite(piece.data(), 1, piece.size(), to) != piece.size()) throw error("cannot write the output");
}

}  // namespace

void add_query_commands(CLI::App& program, query_options& options) {
  const auto add = [&](const char* name, const char* help, bool has_task) {
    CLI::App* command = program.add_subcommand(name, help);
    command->fallthrough();
    if (has_task) command->add_option("TASK", options.task, "its number (line) or name")->required();
    command->add_option("DIR,--results", options.directory, "the results directory (default: the one *.weft here)");
    return command;
  };
  add("status", "Say how far a batch is; exits 0, 3 or 4 as a run that ends now would.", false)
      ->add_flag("--plot", options.plot, "draw what ran where and when: DIR/timeline.svg");
  add("explain", "Say what has become of a task, and why.", true);
  CLI::App* output = add("output", "Print what a task has written, also while it runs.", true);
  output->add_flag("--out", options.output_only, "only its standard output");
  output->add_flag("--err", options.errors_only, "only its standard error, to standard output");
}

int show_status(const apps::app& app, const query_options& options) {
  posix::file_storage files;
  const results_directory directory(find_directory(files, options.directory));
  const batch_view batch = look_at_batch(files, directory);
  const std::vector<task_standing> standings = standings_of(batch);
  std::map<task_standing, std::uint64_t> counts;
  for (const task_standing one : standings) ++counts[one];
  std::string text = fmt::format("{}: {} tasks, {}", directory.path(), batch.tasks.size(),
                                 batch.is_running ? "running" : "not running");
  for (const auto& [standing, count] : counts) text += fmt::format(", {} {}", count, name_of(standing));
  text += "\n";
  std::size_t shown = 0;
  for (std::size_t i = 0; i < standings.size() && shown < failures_shown; ++i) {
    if (standings[i] != task_standing::failed) continue;
    ++shown;
    const ended_record& end = batch.past.ends()[batch.past.of(batch.tasks[i].id).last - 1];
    text += fmt::format("  task {}: {}: {}\n", batch.tasks[i].id, how_it_ended(make_result(batch.tasks[i], end)),
                        shortened(batch.tasks[i].command));
  }
  if (counts[task_standing::failed] > shown) text += "  ...\n";
  const std::uint64_t failed = counts[task_standing::failed];
  const std::uint64_t left = batch.tasks.size() - counts[task_standing::done] - failed - counts[task_standing::skipped];
  if (left > 0 && !batch.is_running)
    text += fmt::format("to go on: mpirun -n RANKS weft-farm resume {}\n", directory.path());
  std::fputs(text.c_str(), stdout);
  if (options.plot) plot_batch(files, directory, batch);
  nlohmann::json object{
      {"results", directory.path()}, {"tasks", batch.tasks.size()}, {"running_now", batch.is_running}};
  for (const task_standing one :
       {task_standing::done, task_standing::failed, task_standing::skipped, task_standing::running, task_standing::lost,
        task_standing::waiting, task_standing::blocked}) {
    object[name_of(one)] = counts[one];
  }
  app.write_json(object);
  return exit_code_of(failed, left);
}

int explain_task(const query_options& options) {
  posix::file_storage files;
  const results_directory directory(find_directory(files, options.directory));
  const batch_view batch = look_at_batch(files, directory);
  const task& what = find_task(batch, options.task, directory.path());
  std::string text =
      fmt::format("task {}{}: {}\n", what.id, what.name.empty() ? "" : " (" + what.name + ")", what.command);
  text += "  " + why(batch, what, standings_of(batch)) + "\n";
  for (const ended_record& end : batch.past.ends()) {
    if (end.end.id == what.id) text += "  " + attempt_text(what, end) + "\n";
  }
  if (const auto found = find_output(files, directory, what.id)) {
    text += fmt::format("  output: {} bytes, errors: {} bytes{}; see: weft-farm output {} {}\n", found->bytes[0],
                        found->bytes[1], found->cut == 0 ? "" : fmt::format(" ({} more were cut off)", found->cut),
                        what.id, directory.path());
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

int show_output(const query_options& options) {
  posix::file_storage files;
  const results_directory directory(find_directory(files, options.directory));
  const directory_content content = look_into(files, directory);
  if (content == directory_content::nothing) throw usage_error("there is no batch in '" + directory.path() + "'");
  std::uint64_t id = 0;
  if (content == directory_content::batch) {
    id = find_task(look_at_batch(files, directory), options.task, directory.path()).id;
  } else if (std::from_chars(options.task.data(), options.task.data() + options.task.size(), id).ec != std::errc{}) {
    throw usage_error("'" + options.task + "' is no task's number, and names are kept with a journal only");
  }
  const auto found = find_output(files, directory, id);
  if (!found) return 0;
  const auto take = [&](output_stream stream, std::string_view piece) {
    if (options.errors_only ? stream == output_stream::err : stream == output_stream::out) {
      write_piece(output_stream::out, piece);
    } else if (!options.errors_only && !options.output_only) {
      write_piece(stream, piece);
    }
  };
  read_output(files, *found, take);
  if (std::fflush(stdout) != 0) throw error("cannot write the output");
  if (found->cut != 0)
    std::fputs(fmt::format("weft-farm: {} bytes more were cut off (--output-limit)\n", found->cut).c_str(), stderr);
  return 0;
}

int answer(const apps::app& app, const query_options& options, const std::string& command) {
  try {
    if (command == "status") return show_status(app, options);
    return command == "explain" ? explain_task(options) : show_output(options);
  } catch (const usage_error& wrong) {
    std::fprintf(stderr, "weft-farm: %s\n", wrong.what());
    return static_cast<int>(exit_code::usage);
  } catch (const error& failure) {
    std::fprintf(stderr, "weft-farm: %s\n", failure.what());
    return static_cast<int>(exit_code::runtime_error);
  }
}

}  // namespace weft::farm
