// SPDX-License-Identifier: BSL-1.0
#include "task_graph.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

[[noreturn]] void refuse(std::uint64_t line, const std::string& list, const std::string& why) {
  throw usage_error("line " + std::to_string(line) + " of the task list '" + list + "': " + why);
}

std::size_t place_of(const std::vector<task>& tasks, std::uint64_t id) {
  const auto before = [](const task& one, std::uint64_t number) { return one.id < number; };
  const auto found = std::lower_bound(tasks.begin(), tasks.end(), id, before);
  return found != tasks.end() && found->id == id ? static_cast<std::size_t>(found - tasks.begin()) : tasks.size();
}

std::optional<std::uint64_t> line_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

using name_table = std::unordered_map<std::string, std::uint64_t>;

name_table names_of(const std::vector<task>& tasks, const std::string& list) {
  name_table names;
  for (const task& one : tasks) {
    if (one.name.empty()) continue;
    const auto [found, is_new] = names.emplace(one.name, one.id);
    if (is_new) continue;
    refuse(one.id, list, "the name '" + one.name + "' is that of line " + std::to_string(found->second) + " already");
  }
  return names;
}

std::uint64_t find(const std::string& name, const task& by, const std::vector<task>& tasks, const name_table& names,
                   const std::string& list) {
  if (const auto found = names.find(name); found != names.end()) return found->second;
  const auto number = line_number(name);
  if (number && place_of(tasks, *number) < tasks.size()) return *number;
  refuse(by.id, list, "\"after\": there is no task '" + name + "'");
}

/// Follows parents that are not done from a task that never gets its turn, until one comes again.
std::string circle_through(std::size_t place, const std::vector<task>& tasks, const std::vector<std::size_t>& waits) {
  std::vector<std::size_t> way;
  while (std::find(way.begin(), way.end(), place) == way.end()) {
    way.push_back(place);
    for (const std::uint64_t parent : tasks[place].parents) {
      const std::size_t next = place_of(tasks, parent);
      if (waits[next] == 0) continue;
      place = next;
      break;
    }
  }
  way.erase(way.begin(), std::find(way.begin(), way.end(), place));
  std::string text = std::to_string(tasks[place].id);
  for (std::size_t i = 1; i < way.size() && i < 10; ++i) text += " after " + std::to_string(tasks[way[i]].id);
  return text + (way.size() > 10 ? " ..." : "") + " after " + std::to_string(tasks[place].id);
}

void check_circles(const std::vector<task>& tasks, const std::string& list) {
  std::vector<std::size_t> waits(tasks.size());
  std::vector<std::vector<std::size_t>> children(tasks.size());
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    waits[i] = tasks[i].parents.size();
    if (waits[i] == 0) ready.push_back(i);
    for (const std::uint64_t parent : tasks[i].parents) children[place_of(tasks, parent)].push_back(i);
  }
  std::size_t done = 0;
  for (; done < ready.size(); ++done) {
    for (const std::size_t child : children[ready[done]]) {
      if (--waits[child] == 0) ready.push_back(child);
    }
  }
  if (done == tasks.size()) return;
  const auto first = std::find_if(waits.begin(), waits.end(), [](std::size_t w) { return w != 0; });
  const auto place = static_cast<std::size_t>(first - waits.begin());
  const std::string circle = circle_through(place, tasks, waits);
  refuse(std::stoull(circle), list, "tasks wait for each other: " + circle);
}

}  // namespace

void link(std::vector<task>& tasks, const std::string& list) {
  const auto waits = [](const task& one) { return !one.after.empty(); };
  const name_table names = names_of(tasks, list);
  if (std::none_of(tasks.begin(), tasks.end(), waits)) return;
  for (task& one : tasks) {
    one.parents.clear();
    for (const std::string& name : one.after) one.parents.push_back(find(name, one, tasks, names, list));
    std::sort(one.parents.begin(), one.parents.end());
    one.parents.erase(std::unique(one.parents.begin(), one.parents.end()), one.parents.end());
  }
  check_circles(tasks, list);
}

}  // namespace weft::farm
