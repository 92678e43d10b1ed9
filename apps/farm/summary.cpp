// SPDX-License-Identifier: BSL-1.0
#include "summary.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <weft/core/error.hpp>

#include "quantity.hpp"

namespace weft::farm {
namespace {

constexpr std::size_t most_ranks_shown = 16;
constexpr int columns = 40;  // of a timeline
constexpr std::size_t command_shown = 40;
constexpr std::size_t slowest_shown = 3;

struct row {
  int rank = 0;
  std::uint64_t tasks = 0;
  double busy = 0;
  double used = 0;  // part of its slots' time
  const timeline* over_time = nullptr;
};

std::vector<row> rows_of(const batch_report& batch) {
  std::vector<row> rows(static_cast<std::size_t>(batch.ranks));
  for (int rank = 0; rank < batch.ranks; ++rank) rows[static_cast<std::size_t>(rank)].rank = rank;
  const double available = batch.seconds * batch.slots;
  for (const auto& [rank, did] : batch.counts.ranks()) {
    row& r = rows.at(static_cast<std::size_t>(rank));
    r.tasks = did.tasks;
    r.busy = did.busy;
    r.used = available > 0 ? std::min(1.0, did.busy / available) : 0;
    r.over_time = &did.over_time;
  }
  return rows;
}

double rate(const batch_report& batch) {
  return batch.seconds > 0 ? static_cast<double>(batch.counts.ended_now()) / batch.seconds : 0;
}

std::string_view glyph(double part, const terminal& screen) {
  static constexpr std::array<std::string_view, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<std::string_view, 9> ascii{" ", ".", ":", "-", "=", "+", "*", "%", "#"};
  const auto level = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * 8 + 0.5);
  return screen.utf8 ? blocks[level] : ascii[level];
}

std::string timeline_text(const row& r, const batch_report& batch, const terminal& screen) {
  const double step = batch.seconds / columns;
  if (step <= 0 || r.over_time == nullptr) return {};
  std::string text;
  for (int i = 0; i < columns; ++i) {
    text += glyph(r.over_time->between(i * step, (i + 1) * step) / (step * batch.slots), screen);
  }
  return text;
}

std::string row_text(const row& r, std::string_view name, const std::string& picture) {
  return fmt::format("  {:>6} {:>9} {:>10.2f} s {:>5.0f} %   {}\n", name, r.tasks, r.busy, r.used * 100, picture);
}

std::string table(const batch_report& batch, const terminal& screen) {
  std::vector<row> rows = rows_of(batch);
  std::string text = fmt::format("  {:>6} {:>9} {:>12} {:>7}   {}\n", "rank", "tasks", "busy", "used",
                                 rows.size() > most_ranks_shown ? "" : "over time");
  if (rows.size() <= most_ranks_shown) {
    for (const row& r : rows) text += row_text(r, std::to_string(r.rank), timeline_text(r, batch, screen));
    return text;
  }
  std::sort(rows.begin(), rows.end(), [](const row& a, const row& b) { return a.busy < b.busy; });
  const auto line = [&](std::string_view name, const row& r) {
    return row_text(r, name, "rank " + std::to_string(r.rank));
  };
  return text + line("least", rows.front()) + line("median", rows[rows.size() / 2]) + line("most", rows.back());
}

std::string failures(const batch_report& batch, const results_directory& directory) {
  std::string text;
  for (const task_result& failure : batch.counts.first_failures()) {
    text += fmt::format("  task {}: {}: {}; see: weft-farm output {} {}\n", failure.id, how_it_ended(failure),
                        shortened(failure.command), failure.id, directory.path());
  }
  const std::uint64_t more = batch.counts.failed() - batch.counts.first_failures().size();
  return more == 0 ? text : text + fmt::format("  and {} more that failed\n", more);
}

/// Only where it says something: a few tasks that took much longer than the rest.
std::string slowest(const tally& counts) {
  if (counts.slowest().empty() || counts.slowest().front().seconds < 0.1) return {};
  std::string text = "  slowest:";
  for (std::size_t i = 0; i < counts.slowest().size() && i < slowest_shown; ++i) {
    const task_result& task = counts.slowest()[i];
    text +=
        fmt::format("{} task {} {} ({})", i == 0 ? "" : ",", task.id, time_text(task.seconds), shortened(task.command));
  }
  return text + "\n";
}

std::string balance(const batch_report& batch) {
  if (batch.counts.ended_now() < 2 * static_cast<std::uint64_t>(batch.ranks) || batch.ranks < 2) return {};
  double sum = 0;
  double most = 0;
  double used = 0;
  for (const row& r : rows_of(batch)) {
    sum += r.busy;
    used += r.used;
    most = std::max(most, r.busy);
  }
  if (sum <= 0) return {};
  return fmt::format(
      "  balance: the busiest rank worked {:.2f} times the average; slots were used {:.0f} % of the time\n",
      most * batch.ranks / sum, 100 * used / batch.ranks);
}

std::string why_stopped(const batch_report& batch, const results_directory& directory) {
  std::string text;
  switch (batch.reason) {
    case stop_reason::none:
      return {};
    case stop_reason::signal:
      text = fmt::format("stopped by signal {} ({})", batch.signal, ::strsignal(batch.signal));
      break;
    case stop_reason::allocation_ends:
      text = "stopped because the time of the allocation ends";
      break;
    case stop_reason::too_many_failures:
      text = "stopped because too many tasks have failed (--max-fails)";
      break;
  }
  text += fmt::format(": {} of {} tasks have no result\n", batch.left(), batch.counts.total());
  return text +
         fmt::format("to go on: the same command again, or: mpirun -n RANKS weft-farm resume {}\n", directory.path());
}

std::string head(const batch_report& batch) {
  const tally& counts = batch.counts;
  const char* plural = counts.ended() == 1 ? "" : "s";
  const std::string skipped = batch.skipped == 0 ? "" : fmt::format(", {} skipped", batch.skipped);
  if (counts.earlier() == 0) {
    return fmt::format("{} task{}, {} failed{}, in {:.2f} s: {:.{}f} tasks/s\n", counts.ended(), plural,
                       counts.failed(), skipped, batch.seconds, rate(batch), rate(batch) < 100 ? 1 : 0);
  }
  if (counts.ended_now() == 0) {
    return fmt::format("{} task{}, {} failed{}, all by earlier runs\n", counts.ended(), plural, counts.failed(),
                       skipped);
  }
  return fmt::format("{} task{}, {} failed{}: {} by earlier runs, {} in {:.2f} s: {:.{}f} tasks/s\n", counts.ended(),
                     plural, counts.failed(), skipped, counts.earlier(), counts.ended_now(), batch.seconds, rate(batch),
                     rate(batch) < 100 ? 1 : 0);
}

}  // namespace

std::string how_it_ended(const task_result& result) {
  if (result.timed_out) return "killed at its time limit";
  if (result.signal == 0) return fmt::format("exit {}", result.exit);
  return fmt::format("signal {} ({})", result.signal, ::strsignal(result.signal));
}

/// On one line, whatever the command holds. Cut between characters, if it is UTF-8.
std::string shortened(std::string command) {
  for (char& c : command) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  if (command.size() <= command_shown) return command;
  std::size_t end = command_shown - 3;
  while (end > 0 && (static_cast<unsigned char>(command[end]) & 0xc0) == 0x80) --end;
  return command.substr(0, end) + "...";
}

std::string summary_text(const batch_report& batch, const results_directory& directory, const terminal& screen) {
  std::string text = head(batch);
  text += why_stopped(batch, directory);
  text += failures(batch, directory);
  if (batch.counts.ended_now() > 0) text += table(batch, screen) + balance(batch);
  text += slowest(batch.counts);
  for (const int rank : batch.set_apart)
    text += fmt::format("  rank {} was set apart: every task failed there at once\n", rank);
  return text +
         fmt::format("results: {}   output: weft-farm output TASK {}\n", directory.results_file(), directory.path());
}

int exit_code_of(std::uint64_t failed, std::uint64_t left) {
  if (left > 0) return static_cast<int>(exit_code::stopped_early);
  return static_cast<int>(failed > 0 ? exit_code::tasks_failed : exit_code::ok);
}

int exit_code_of(const batch_report& batch) {
  if (batch.reason == stop_reason::too_many_failures) return static_cast<int>(exit_code::tasks_failed);
  return exit_code_of(batch.counts.failed(), batch.reason == stop_reason::none ? 0 : batch.left());
}

nlohmann::json summary_json(const batch_report& batch, const results_directory& directory) {
  const tally& counts = batch.counts;
  nlohmann::json ranks = nlohmann::json::array();
  for (const row& r : rows_of(batch)) {
    ranks.push_back({{"rank", r.rank}, {"tasks", r.tasks}, {"busy_seconds", r.busy}, {"utilisation", r.used}});
  }
  return {{"tasks", counts.total()},         {"succeeded", counts.ended() - counts.failed()},
          {"failed", counts.failed()},       {"killed", counts.killed()},
          {"skipped", batch.skipped},        {"not_run", batch.left()},
          {"earlier", counts.earlier()},     {"seconds", batch.seconds},
          {"tasks_per_second", rate(batch)}, {"slots", batch.slots},
          {"signal", batch.signal},          {"results", directory.results_file()},
          {"set_apart", batch.set_apart},    {"ranks", std::move(ranks)}};
}

}  // namespace weft::farm
