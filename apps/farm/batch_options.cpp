// SPDX-License-Identifier: BSL-1.0
#include "batch_options.hpp"

#include <nlohmann/json.hpp>

#include <weft/core/error.hpp>

namespace weft::farm {

std::string to_json(const batch_options& options) {
  return nlohmann::json{{"slots", options.slots},
                        {"retries", options.retries},
                        {"time_limit_ns", options.time_limit.count()},
                        {"max_fails", options.max_fails},
                        {"run_dependents", options.run_dependents},
                        {"output_limit", options.output_limit},
                        {"grace_ns", options.grace.count()},
                        {"written", options.kept == durability::written}}
      .dump();
}

void set_from_json(batch_options& options, const std::string& text) {
  try {
    const auto given = nlohmann::json::parse(text);
    options.slots = given.at("slots");
    options.retries = given.at("retries");
    options.time_limit = duration(given.at("time_limit_ns").get<std::int64_t>());
    options.max_fails = given.at("max_fails");
    options.run_dependents = given.at("run_dependents");
    options.output_limit = given.at("output_limit");
    options.grace = duration(given.at("grace_ns").get<std::int64_t>());
    options.kept = given.at("written").get<bool>() ? durability::written : durability::synced;
  } catch (const nlohmann::json::exception& wrong) {
    throw error(std::string("the journal's options are no such thing: ") + wrong.what());
  }
}

}  // namespace weft::farm
