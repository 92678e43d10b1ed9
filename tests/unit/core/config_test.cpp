// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <weft/core/config.hpp>
#include <weft/core/error.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<setting_text>;

settings with(const char* name, const std::string& value) { return config(texts{{name, value}}).values(); }

std::string refusal(const texts& environment, const texts& flags = {}) {
  try {
    const config resolved(environment, flags);
  } catch (const usage_error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(config, defaults_of_the_table_and_of_the_struct_agree) {
  const config resolved;
  const settings plain;
  EXPECT_EQ(resolved.values().log, plain.log);
  EXPECT_EQ(resolved.values().progress, plain.progress);
  EXPECT_EQ(resolved.values().idle_spin, plain.idle_spin);
  EXPECT_EQ(resolved.values().idle_sleep_max, plain.idle_sleep_max);
  EXPECT_EQ(resolved.values().flush, plain.flush);
  EXPECT_EQ(plain.idle_sleep_max, 200us);
  EXPECT_EQ(plain.flush, 50us);
}

TEST(config, flag_over_environment_over_default) {
  const config resolved(texts{{"WEFT_LOG", "info"}, {"WEFT_FLUSH_US", "7"}}, texts{{"WEFT_LOG", "debug"}});
  EXPECT_EQ(resolved.values().log, log_level::debug);
  EXPECT_EQ(resolved.values().flush, 7us);
  std::map<std::string, std::string> seen;
  for (const auto& row : resolved.describe()) {
    seen[row.name] = row.value + " " + name_of(row.origin);
    EXPECT_FALSE(row.help.empty() || row.allowed.empty());
  }
  EXPECT_EQ(seen["WEFT_LOG"], "debug flag");
  EXPECT_EQ(seen["WEFT_FLUSH_US"], "7 environment");
  EXPECT_EQ(seen["WEFT_PROGRESS"], "auto default");
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_TRUE(resolved.warnings().empty());
}

TEST(config, every_value) {
  const std::map<std::string, progress_mode> modes{{"auto", progress_mode::automatic},
                                                   {"bar", progress_mode::bar},
                                                   {"line", progress_mode::line},
                                                   {"none", progress_mode::none}};
  for (const auto& mode : modes) EXPECT_EQ(with("WEFT_PROGRESS", mode.first).progress, mode.second);
  const std::map<std::string, log_level> levels{
      {"error", log_level::error}, {"warn", log_level::warn}, {"info", log_level::info}, {"debug", log_level::debug}};
  for (const auto& level : levels) EXPECT_EQ(with("WEFT_LOG", level.first).log, level.second);
  EXPECT_EQ(with("WEFT_IDLE_SPIN_US", "0").idle_spin, std::optional(0us));
  EXPECT_EQ(config(texts{{"WEFT_IDLE_SPIN_US", "1000"}}, texts{{"WEFT_IDLE_SPIN_US", "auto"}}).values().idle_spin,
            std::nullopt);
  EXPECT_EQ(with("WEFT_IDLE_SLEEP_US_MAX", "10000000").idle_sleep_max, 10s);
}

TEST(config, malformed_values_are_named_with_what_is_allowed) {
  EXPECT_EQ(refusal(texts{{"WEFT_LOG", "loud"}}),
            "WEFT_LOG is 'loud' (from the environment); allowed is error, warn, info or debug");
  EXPECT_EQ(refusal({}, texts{{"WEFT_FLUSH_US", "5ms"}}),
            "WEFT_FLUSH_US is '5ms' (from the flag); allowed is a whole number of microseconds from 0 to 10000000");
  for (const char* bad : {"", " 5", "5 ", "-1", "+1", "1.5", "10000001", "99999999999999999999", "0x10"})
    for (const char* name : {"WEFT_FLUSH_US", "WEFT_IDLE_SPIN_US", "WEFT_IDLE_SLEEP_US_MAX"})
      EXPECT_NE(refusal(texts{{name, bad}}), "accepted") << name << " " << bad;
  EXPECT_NE(refusal(texts{{"WEFT_PROGRESS", ""}}), "accepted");
  EXPECT_NE(refusal(texts{{"WEFT_LOG", "WARN"}}), "accepted");
}

TEST(config, unknown_variables_give_a_warning_with_the_nearest_name) {
  const config resolved(
      texts{{"WEFT_LGO", "x"}, {"WEFT_IDLE_SPIN", "1"}, {"WEFT_SOMETHING_ELSE_ALTOGETHER", ""}, {"PATH", "/bin"}});
  EXPECT_EQ(resolved.warnings(),
            (std::vector<std::string>{"WEFT_LGO is not a setting of weft (did you mean WEFT_LOG?)",
                                      "WEFT_IDLE_SPIN is not a setting of weft (did you mean WEFT_IDLE_SPIN_US?)",
                                      "WEFT_SOMETHING_ELSE_ALTOGETHER is not a setting of weft"}));
  EXPECT_EQ(refusal({}, texts{{"WEFT_LOGS", "warn"}}), "WEFT_LOGS is not a setting of weft (did you mean WEFT_LOG?)");
}

TEST(config, what_weft_itself_sets_is_known) {
  const config resolved(texts{{"WEFT_TASK_ID", "1"},
                              {"WEFT_TASK_LINE", "1"},
                              {"WEFT_TASK_ATTEMPT", "1"},
                              {"WEFT_TASK_RANK", "1"},
                              {"WEFT_TASK_SLOT", "1"},
                              {"WEFT_SIM", "ranks=4"}});
  EXPECT_TRUE(resolved.warnings().empty());
}

struct fake_host {
  std::vector<std::string> variable_names(std::string_view prefix) const {
    return {std::string(prefix) + "LOG", "WEFT_GONE"};
  }
  std::optional<std::string> variable(std::string_view name) const {
    return name == "WEFT_LOG" ? std::optional<std::string>("info") : std::nullopt;
  }
};

TEST(config, environment_of_a_host) {
  const auto found = environment_of(fake_host());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "WEFT_LOG");
  EXPECT_EQ(found[0].value, "info");
}

}  // namespace
}  // namespace weft
