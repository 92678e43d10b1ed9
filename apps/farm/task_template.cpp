// SPDX-License-Identifier: BSL-1.0
#include "task_template.hpp"

#include <algorithm>
#include <cctype>

#include <weft/core/error.hpp>

#include "text_file.hpp"

namespace weft::farm {
namespace {

constexpr std::size_t most_tasks = 100'000'000;

bool is_name(std::string_view text) {
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_./:=@%+,-").find(c) != std::string::npos;
}

std::string quoted_if_needed(const std::string& value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) return value;
  std::string text = "'";
  for (const char c : value) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::vector<std::string> values_in(const std::string& path, const std::string& name, storage& files) {
  std::vector<std::string> values;
  const std::string content = read_text_file(files, path, "the values of '" + name + "'");
  for (std::size_t from = 0; from < content.size();) {
    const std::size_t end = std::min(content.find('\n', from), content.size());
    std::string line = content.substr(from, end - from);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) values.push_back(line);
    from = end + 1;
  }
  return values;
}

/// The command in pieces: text, then a parameter's number, then text, ...
struct pieces {
  std::vector<std::string> texts;
  std::vector<std::size_t> parameters;
};

pieces cut(const std::string& command, const std::vector<parameter>& parameters) {
  pieces found;
  std::string text;
  for (std::size_t at = 0; at < command.size(); ++at) {
    const auto end =
        command[at] == '{' && (at == 0 || command[at - 1] != '$') ? command.find('}', at) : std::string::npos;
    const std::string name = end == std::string::npos ? "" : command.substr(at + 1, end - at - 1);
    const auto known =
        std::find_if(parameters.begin(), parameters.end(), [&](const parameter& p) { return p.name == name; });
    if (known == parameters.end()) {
      text += command[at];
      continue;
    }
    found.texts.push_back(text);
    found.parameters.push_back(static_cast<std::size_t>(known - parameters.begin()));
    text.clear();
    at = end;
  }
  found.texts.push_back(text);
  return found;
}

void check(const pieces& command, const std::vector<parameter>& parameters) {
  std::size_t tasks = 1;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const parameter& one = parameters[i];
    const auto same = [&](const parameter& p) { return p.name == one.name; };
    if (std::count_if(parameters.begin(), parameters.end(), same) > 1) {
      throw usage_error("--each " + one.name + " is given twice");
    }
    if (std::count(command.parameters.begin(), command.parameters.end(), i) == 0) {
      throw usage_error("the command has no {" + one.name + "} for --each " + one.name);
    }
    tasks = one.values.empty() ? 0 : tasks;
    if (tasks > most_tasks / std::max<std::size_t>(1, one.values.size())) {
      throw usage_error("the template makes more than " + std::to_string(most_tasks) + " tasks");
    }
    tasks *= one.values.size();
  }
}

}  // namespace

parameter parse_parameter(std::string_view text, storage& files) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || !is_name(text.substr(0, equals))) {
    throw usage_error("--each '" + std::string(text) + "' is not NAME=VALUE,VALUE,... or NAME=@FILE");
  }
  parameter made{std::string(text.substr(0, equals)), {}};
  std::string_view values = text.substr(equals + 1);
  if (values.starts_with('@')) {
    made.values = values_in(std::string(values.substr(1)), made.name, files);
  } else {
    for (;;) {
      const auto comma = values.find(',');
      made.values.emplace_back(values.substr(0, comma));
      if (comma == std::string_view::npos) break;
      values.remove_prefix(comma + 1);
    }
  }
  if (made.values.empty()) throw usage_error("--each " + made.name + " has no values");
  return made;
}

std::vector<task> expand(const std::string& command, const std::vector<parameter>& parameters) {
  const pieces parts = cut(command, parameters);
  check(parts, parameters);
  std::vector<task> tasks;
  std::vector<std::size_t> at(parameters.size(), 0);
  for (;;) {
    task made{tasks.size() + 1, parts.texts.front()};
    for (std::size_t i = 0; i < parts.parameters.size(); ++i) {
      const std::size_t which = parts.parameters[i];
      made.command += quoted_if_needed(parameters[which].values[at[which]]) + parts.texts[i + 1];
    }
    tasks.push_back(std::move(made));
    std::size_t digit = parameters.size();
    while (digit > 0 && ++at[digit - 1] == parameters[digit - 1].values.size()) at[--digit] = 0;
    if (digit == 0) return tasks;
  }
}

}  // namespace weft::farm
