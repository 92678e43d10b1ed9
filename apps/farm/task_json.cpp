// SPDX-License-Identifier: BSL-1.0
#include "task_json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <weft/core/error.hpp>

#include "quantity.hpp"

namespace weft::farm {
namespace {

using json = nlohmann::ordered_json;

constexpr int most_cores = 1 << 20;

[[noreturn]] void wrong(const std::string& key, const std::string& wanted) {
  throw usage_error("\"" + key + "\" must be " + wanted);
}

void check_text(const std::string& key, const std::string& text) {
  if (text.find('\0') != std::string::npos) wrong(key, "without NUL");
}

std::string text_of(const std::string& key, const json& value) {
  if (!value.is_string()) wrong(key, "a string");
  std::string text = value.get<std::string>();
  check_text(key, text);
  return text;
}

std::int32_t number_of(const std::string& key, const json& value, std::int32_t least, std::int32_t most) {
  const std::string wanted = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!value.is_number_integer()) wrong(key, wanted);
  const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                                               : value.get<std::int64_t>() >= least;
  if (!fits || value.get<std::int64_t>() < least) wrong(key, wanted);
  return value.get<std::int32_t>();
}

/// A name, or a number that stands for one.
std::string name_of(const std::string& key, const json& value) {
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (!value.is_string() || value.get<std::string>().empty()) wrong(key, "a name or a number");
  return text_of(key, value);
}

std::vector<std::string> environment_of(const json& value) {
  if (!value.is_object()) wrong("env", "an object of strings");
  std::vector<std::string> variables;
  for (const auto& [name, content] : value.items()) {
    if (name.empty() || name.find_first_of(std::string("=\0", 2)) != std::string::npos) {
      throw usage_error("\"env\": '" + name + "' is no name of a variable");
    }
    if (!content.is_string() && !content.is_number()) wrong("env", "an object of strings");
    const std::string text = content.is_string() ? content.get<std::string>() : content.dump();
    check_text("env", text);
    variables.push_back(name + "=" + text);
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

duration limit_of(const json& value) {
  std::optional<duration> limit;
  if (value.is_number()) limit = parse_time(value.dump());
  if (value.is_string()) limit = parse_time(value.get<std::string>());
  if (!limit) wrong("time_limit", "seconds, or a time like \"10m\" or \"1:30:00\"");
  return *limit;
}

std::vector<std::string> after_of(const json& value) {
  if (!value.is_array()) return {name_of("after", value)};
  std::vector<std::string> names;
  for (const json& one : value) names.push_back(name_of("after", one));
  return names;
}

void set(task& made, const std::string& key, const json& value) {
  if (key == "command") {
    made.command = text_of(key, value);
  } else if (key == "name" || key == "id") {
    if (!made.name.empty()) throw usage_error("\"name\" and \"id\" are the same; give one of them");
    made.name = name_of(key, value);
  } else if (key == "cwd") {
    made.directory = text_of(key, value);
  } else if (key == "env") {
    made.environment = environment_of(value);
  } else if (key == "priority") {
    made.priority = number_of(key, value, -1'000'000, 1'000'000);
  } else if (key == "retries") {
    made.retries = number_of(key, value, 0, 1000);
  } else if (key == "cores") {
    made.cores = number_of(key, value, 1, most_cores);
  } else if (key == "time_limit") {
    made.time_limit = limit_of(value);
  } else if (key == "after") {
    made.after = after_of(value);
  } else {
    throw usage_error("unknown key \"" + key +
                      "\"; known are command, name (or id), cwd, env, priority, time_limit, retries, cores, after");
  }
}

json parse_object(std::string_view line) {
  // The same key twice is a mistake that the parser would pass over.
  std::vector<std::vector<std::string>> keys;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event != json::parse_event_t::key) return true;
    const std::string key = value.get<std::string>();
    if (std::count(keys.back().begin(), keys.back().end(), key) != 0) throw usage_error("\"" + key + "\" stands twice");
    keys.back().push_back(key);
    return true;
  };
  json object;
  try {
    object = json::parse(line.begin(), line.end(), watch);
  } catch (const json::exception& refused) {
    std::string why = refused.what();
    if (const auto text = why.find("syntax error"); text != std::string::npos) why.erase(0, text);
    throw usage_error("not a JSON object: " + why);
  }
  if (!object.is_object()) throw usage_error("not a JSON object");
  return object;
}

}  // namespace

task parse_task_json(std::string_view line) {
  task made;
  const json object = parse_object(line);
  for (const auto& [key, value] : object.items()) set(made, key, value);
  if (!object.contains("command")) throw usage_error("no \"command\"");
  if (made.command.find_first_not_of(" \t\r\n\v\f") == std::string::npos) throw usage_error("\"command\" is empty");
  return made;
}

std::string stored_line(const task& what) {
  std::string exact;
  json line;
  line["line"] = what.id;
  line["command"] = what.command;
  if (!what.name.empty()) line["name"] = what.name;
  if (!what.directory.empty()) line["cwd"] = what.directory;
  for (const std::string& variable : what.environment) {
    const auto equals = variable.find('=');
    line["env"][variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  if (what.priority != 0) line["priority"] = what.priority;
  if (what.retries != task::by_default) line["retries"] = what.retries;
  if (what.cores != 1) line["cores"] = what.cores;
  if (what.time_limit.count() != task::by_default) {
    line["time_limit"] = std::chrono::duration<double>(what.time_limit).count();
  }
  if (!what.parents.empty()) line["after"] = what.parents;
  try {
    return line.dump() + '\n';
  } catch (const json::exception&) {  // not UTF-8, which a plain line need not be: the exact bytes go beside it
    for (const char c : what.command) exact += fmt::format("{:02x}", static_cast<unsigned char>(c));
    line["bytes"] = exact;
    return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
  }
}

task parse_stored_line(std::string_view line) {
  json object = parse_object(line);
  if (!object.contains("line") || !object["line"].is_number_unsigned()) throw usage_error("no \"line\"");
  const auto id = object["line"].get<std::uint64_t>();
  object.erase("line");
  const std::string exact = object.value("bytes", "");
  object.erase("bytes");
  task made;
  for (const auto& [key, value] : object.items()) set(made, key, value);
  made.id = id;
  if (!exact.empty()) made.command.clear();
  for (std::size_t i = 0; i + 1 < exact.size(); i += 2) {
    made.command += static_cast<char>(std::stoi(exact.substr(i, 2), nullptr, 16));
  }
  for (const std::string& parent : made.after) made.parents.push_back(std::stoull(parent));
  return made;
}

}  // namespace weft::farm
