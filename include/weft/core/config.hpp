// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <weft/core/log.hpp>

namespace weft {

enum class progress_mode : std::uint8_t { automatic, bar, line, none };

/// The values of all settings. Each is declared in one row of the table in config.cpp.
struct settings {
  log_level log = log_level::warn;                     ///< WEFT_LOG
  progress_mode progress = progress_mode::automatic;   ///< WEFT_PROGRESS
  std::optional<std::chrono::microseconds> idle_spin;  ///< WEFT_IDLE_SPIN_US; nothing: the transport chooses
  std::chrono::microseconds idle_sleep_max{200};       ///< WEFT_IDLE_SLEEP_US_MAX
  std::chrono::microseconds flush{50};                 ///< WEFT_FLUSH_US
};

/// A setting's name, as in the environment, and the text given for it.
struct setting_text {
  std::string name;
  std::string value;
};

enum class setting_origin : std::uint8_t { standard, environment, flag };
const char* name_of(setting_origin origin) noexcept;  ///< "default", "environment", "flag"

/// One row for `weft-info` and `--help`.
struct setting_description {
  std::string name;
  std::string value;
  setting_origin origin = setting_origin::standard;
  std::string allowed;
  std::string help;
};

/// The settings of a program, resolved once: a flag wins over the environment, which wins over the default. Not known
/// here: where flags and variables come from (core is below the world). See `environment_of`.
class config {
 public:
  /// Only defaults.
  config();
  /// Throws `usage_error` for a value that is not allowed (the text names setting, value and what is allowed) and for a
  /// flag that is no setting. Unknown variables only give a warning: they may be meant for another version.
  explicit config(const std::vector<setting_text>& environment, const std::vector<setting_text>& flags = {});

  const settings& values() const noexcept { return values_; }
  const std::vector<setting_description>& describe() const noexcept { return rows_; }
  /// One text for each `WEFT_` variable that nobody knows, with the nearest name that is known.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  void apply(const setting_text& text, setting_origin origin);

  settings values_;
  std::vector<setting_description> rows_;
  std::vector<std::string> warnings_;
};

/// The variables whose names start with WEFT_, from a `host` or anything else with `variable` and `variable_names`.
template <class Host>
std::vector<setting_text> environment_of(const Host& host) {
  std::vector<setting_text> found;
  for (const auto& name : host.variable_names("WEFT_"))
    if (auto value = host.variable(name)) found.push_back({name, *value});
  return found;
}

}  // namespace weft
