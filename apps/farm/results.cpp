// SPDX-License-Identifier: BSL-1.0
#include "results.hpp"

#include <nlohmann/json.hpp>

namespace weft::farm {

std::string result_line(const task_result& result) {
  using json = nlohmann::ordered_json;
  json line;
  line["id"] = result.id;
  line["command"] = result.command;
  line["exit"] = result.signal == 0 ? json(result.exit) : json(nullptr);
  line["signal"] = result.signal != 0 ? json(result.signal) : json(nullptr);
  line["seconds"] = result.seconds;
  line["rank"] = result.rank;
  line["attempt"] = result.attempt;
  if (!result.name.empty()) line["name"] = result.name;
  if (result.timed_out) line["timed_out"] = true;
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace weft::farm
