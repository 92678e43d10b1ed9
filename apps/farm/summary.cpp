// SPDX-License-Identifier: BSL-1.0
#include "summary.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace weft::farm {
namespace {

constexpr std::size_t most_ranks_shown = 16;
constexpr int columns = 40;  // of a timeline
constexpr std::size_t command_shown = 40;

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
  return batch.seconds > 0 ? static_cast<double>(batch.counts.ended()) / batch.seconds : 0;
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

std::string how_it_ended(const task_result& result) {
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

std::string failures(const batch_report& batch, const results_directory& directory, storage& files) {
  std::string text;
  for (const task_result& failure : batch.counts.first_failures()) {
    const std::string output = most_telling_output(files, directory, failure.id);
    text += fmt::format("  task {}: {}: {}{}\n", failure.id, how_it_ended(failure), shortened(failure.command),
                        output.empty() ? "" : "; see " + output);
  }
  const std::uint64_t more = batch.counts.failed() - batch.counts.first_failures().size();
  return more == 0 ? text : text + fmt::format("  and {} more that failed\n", more);
}

}  // namespace

std::string summary_text(const batch_report& batch, const results_directory& directory, storage& files,
                         const terminal& screen) {
  const tally& counts = batch.counts;
  std::string text = fmt::format("{} task{}, {} failed, in {:.2f} s: {:.{}f} tasks/s\n", counts.ended(),
                                 counts.ended() == 1 ? "" : "s", counts.failed(), batch.seconds, rate(batch),
                                 rate(batch) < 100 ? 1 : 0);
  if (batch.signal != 0) {
    text += fmt::format("stopped by signal {} ({}): {} of {} tasks have no result\n", batch.signal,
                        ::strsignal(batch.signal), counts.total() - counts.ended(), counts.total());
  }
  text += failures(batch, directory, files);
  if (counts.ended() > 0) text += table(batch, screen);
  return text + fmt::format("results: {}   output: {}/\n", directory.results_file(), directory.output_folder());
}

nlohmann::json summary_json(const batch_report& batch, const results_directory& directory) {
  const tally& counts = batch.counts;
  nlohmann::json ranks = nlohmann::json::array();
  for (const row& r : rows_of(batch)) {
    ranks.push_back({{"rank", r.rank}, {"tasks", r.tasks}, {"busy_seconds", r.busy}, {"utilisation", r.used}});
  }
  return {{"tasks", counts.total()},
          {"succeeded", counts.ended() - counts.failed()},
          {"failed", counts.failed()},
          {"killed", counts.killed()},
          {"not_run", counts.total() - counts.ended()},
          {"seconds", batch.seconds},
          {"tasks_per_second", rate(batch)},
          {"slots", batch.slots},
          {"signal", batch.signal},
          {"results", directory.results_file()},
          {"ranks", std::move(ranks)}};
}

}  // namespace weft::farm
