// SPDX-License-Identifier: BSL-1.0
#include "plot.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "ledger_results.hpp"
#include "quantity.hpp"
#include "text_file.hpp"

namespace weft::farm {
namespace {

constexpr double width = 1000;  // of the part that shows time
constexpr double left = 90;
constexpr double top = 50;
constexpr double bottom = 40;
constexpr double longest_gap = 2;  // seconds without any task that are shown
constexpr double column = 0.25;    // bars that are closer together become one
constexpr int marks = 5;

const char* color_of(char kind) {
  if (kind == 'f') return "#c0392b";
  if (kind == 'r') return "#e08e0b";
  return kind == 'n' ? "#9aa5b1" : "#2f7d5b";
}

/// Takes out long times in which nothing ran. Returns the length of the whole.
double close_gaps(std::vector<plotted>& attempts) {
  std::sort(attempts.begin(), attempts.end(), [](const plotted& a, const plotted& b) { return a.start < b.start; });
  double end = attempts.empty() ? 0 : attempts.front().start;
  double shift = end;
  for (plotted& one : attempts) {
    if (one.start > end + longest_gap) shift += one.start - end - longest_gap;
    end = std::max(end, one.start + one.length);
    one.start -= shift;
  }
  return std::max(end - shift, 1e-9);
}

std::string bar(double x, double w, double y, double h, const plotted& one, bool is_many) {
  const std::string what = is_many ? "several tasks" : fmt::format("task {}, {}", one.id, time_text(one.length));
  return fmt::format(R"(<rect x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}" fill="{}"><title>{}</title></rect>)"
                     "\n",
                     x, y, w, h, color_of(one.kind), what);
}

/// One slot's bars.
std::string row_of_bars(const std::vector<plotted>& attempts, double scale, double y, double h) {
  std::string text;
  for (std::size_t i = 0; i < attempts.size();) {
    const plotted& first = attempts[i];
    const double from = first.start * scale;
    double to = from + first.length * scale;
    std::size_t next = i + 1;
    while (next < attempts.size() && attempts[next].kind == first.kind && to - from < 2 * column &&
           attempts[next].start * scale < to + column) {
      to = std::max(to, (attempts[next].start + attempts[next].length) * scale);
      ++next;
    }
    const double gap = to - from > 4 * column ? column : 0;  // so that one can see where a bar ends
    text += bar(left + from, std::max(to - from - gap, column), y, h, first, next > i + 1);
    i = next;
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<')
      safe += "&lt;";
    else if (c == '&')
      safe += "&amp;";
    else
      safe += c;
  }
  return safe;
}

}  // namespace

std::string timeline_svg(std::vector<plotted> attempts, const std::string& title) {
  const double length = close_gaps(attempts);
  std::map<std::pair<int, int>, std::vector<plotted>> rows;
  for (const plotted& one : attempts) rows[{one.rank, one.slot}].push_back(one);
  const double height = std::clamp(600.0 / std::max<double>(1, static_cast<double>(rows.size())), 2.0, 24.0);
  const double end = top + height * static_cast<double>(rows.size());
  std::string text = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" font-family="sans-serif" font-size="12">)"
      "\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{2:.0f}\" y=\"20\" "
      "font-size=\"15\">{3}</text>\n",
      left + width + 20, end + bottom, left, escaped(title));
  double x = left;
  for (const auto& [kind, name] :
       {std::pair{'d', "done"}, {'f', "failed"}, {'r', "to be tried again"}, {'n', "stopped"}}) {
    text += fmt::format(R"(<rect x="{:.0f}" y="30" width="10" height="10" fill="{}"/><text x="{:.0f}" y="39">{}</text>)"
                        "\n",
                        x, color_of(kind), x + 14, name);
    x += 120;
  }
  double y = top;
  double labelled = 0;
  for (const auto& [place, bars] : rows) {
    if (y >= labelled) {
      text += fmt::format(R"(<text x="{:.0f}" y="{:.1f}" text-anchor="end">rank {}{}</text>)"
                          "\n",
                          left - 8, y + height / 2 + 4, place.first,
                          place.second == 0 ? "" : fmt::format(".{}", place.second));
      labelled = y + 13;
    }
    text += row_of_bars(bars, width / length, y + height * 0.05, height * 0.9);
    y += height;
  }
  for (int i = 0; i <= marks; ++i) {
    const double at = left + width * i / marks;
    text += fmt::format(
        R"(<line x1="{0:.0f}" y1="{1:.0f}" x2="{0:.0f}" y2="{2:.0f}" stroke="#888"/><text x="{0:.0f}" y="{3:.0f}" text-anchor="middle">{4}</text>)"
        "\n",
        at, end, end + 6, end + 20, time_text(length * i / marks));
  }
  return text + "</svg>\n";
}

void plot_batch(storage& files, const results_directory& directory, const batch_view& batch) {
  std::vector<plotted> attempts;
  for (const ended_record& end : batch.past.ends()) {
    const task_result result = make_result(batch.tasks[place_in(batch.tasks, end.end.id)], end);
    char kind = 'd';
    if (end.worth == attempt_worth::failed) kind = 'f';
    if (end.worth == attempt_worth::retried) kind = 'r';
    if (end.worth == attempt_worth::nothing) kind = 'n';
    attempts.push_back({result.start, result.seconds, result.rank, result.slot, kind, result.id});
  }
  write_text_file(files, directory.plot_file(), timeline_svg(std::move(attempts), "weft-farm: " + directory.path()));
}

}  // namespace weft::farm
