// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <weft/core/config.hpp>
#include <weft/core/error.hpp>

namespace weft {
namespace {

struct declaration {
  const char* name;
  const char* standard;
  const char* allowed;
  const char* help;
  bool (*parse)(settings&, std::string_view);  ///< false: not allowed
};

/// The place of `text` in `names`, as an enumerator; false when it is none of them.
template <class Enum, std::size_t N>
bool parse_choice(const std::array<std::string_view, N>& names, std::string_view text, Enum& value) {
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return false;
  value = static_cast<Enum>(it - names.begin());
  return true;
}

bool parse_microseconds(std::string_view text, std::chrono::microseconds& value) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0 || count > 10'000'000) return false;
  value = std::chrono::microseconds(count);
  return true;
}

constexpr const char* microseconds_allowed = "a whole number of microseconds from 0 to 10000000";

constexpr declaration declarations[] = {
    {"WEFT_LOG", "warn", "error, warn, info or debug", "how much is logged on standard error",
     [](settings& s, std::string_view text) {
       return parse_choice(std::array<std::string_view, 4>{"error", "warn", "info", "debug"}, text, s.log);
     }},
    {"WEFT_PROGRESS", "auto", "auto, bar, line or none",
     "progress of a run: a bar on a terminal, else a line now and then (auto)",
     [](settings& s, std::string_view text) {
       return parse_choice(std::array<std::string_view, 4>{"auto", "bar", "line", "none"}, text, s.progress);
     }},
    {"WEFT_IDLE_SPIN_US", "auto", "auto or a whole number of microseconds from 0 to 10000000",
     "how long an idle rank spins before it yields its processor and then sleeps; 0: it sleeps at once; auto: long "
     "only "
     "if each rank has a processor",
     [](settings& s, std::string_view text) {
       s.idle_spin.reset();
       return text == "auto" || parse_microseconds(text, s.idle_spin.emplace());
     }},
    {"WEFT_IDLE_SLEEP_US_MAX", "200", microseconds_allowed, "longest sleep of an idle rank; 0: it never sleeps",
     [](settings& s, std::string_view text) { return parse_microseconds(text, s.idle_sleep_max); }},
    {"WEFT_FLUSH_US", "50", microseconds_allowed,
     "longest time that a posted message waits for others to share its frame",
     [](settings& s, std::string_view text) { return parse_microseconds(text, s.flush); }},
};

/// Known, though no settings: what weft-farm tells its tasks, which may be weft programs, and the simulator's switch.
constexpr std::string_view other_names[] = {
    "WEFT_TASK_ID", "WEFT_TASK_LINE", "WEFT_TASK_ATTEMPT", "WEFT_TASK_RANK", "WEFT_TASK_SLOT", "WEFT_SIM",
#ifdef WEFT_PLANTED_FAULTS
    "WEFT_FAULT",
#endif
};

/// Edit distance with insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::vector<std::string_view> known_names() {
  std::vector<std::string_view> names(std::begin(other_names), std::end(other_names));
  for (const auto& declared : declarations) names.emplace_back(declared.name);
  return names;
}

bool is_known(std::string_view name) {
  const auto names = known_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// " (did you mean X?)", or "" when nothing is near: at most a third of the name may be wrong.
std::string suggestion(std::string_view name) {
  std::string_view nearest;
  std::size_t least = name.size();
  for (const auto known : known_names()) {
    const std::size_t d = distance(name, known);
    if (d < least) least = d, nearest = known;
  }
  return least * 3 <= nearest.size() ? " (did you mean " + std::string(nearest) + "?)" : std::string();
}

}  // namespace

const char* name_of(setting_origin origin) noexcept {
  constexpr const char* names[] = {"default", "environment", "flag"};
  return names[static_cast<int>(origin)];
}

config::config() {
  for (const auto& declared : declarations) {
    declared.parse(values_, declared.standard);
    rows_.push_back({declared.name, declared.standard, setting_origin::standard, declared.allowed, declared.help});
  }
}

config::config(const std::vector<setting_text>& environment, const std::vector<setting_text>& flags) : config() {
  for (const auto& text : environment) apply(text, setting_origin::environment);
  for (const auto& text : flags) apply(text, setting_origin::flag);
}

void config::apply(const setting_text& text, setting_origin origin) {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].name != text.name) continue;
    if (!declarations[i].parse(values_, text.value))
      throw usage_error(text.name + " is '" + text.value + "' (from the " + name_of(origin) + "); allowed is " +
                        declarations[i].allowed);
    rows_[i].value = text.value;
    rows_[i].origin = origin;
    return;
  }
  if (origin == setting_origin::flag)
    throw usage_error(text.name + " is not a setting of weft" + suggestion(text.name));
  if (text.name.starts_with("WEFT_") && !is_known(text.name))
    warnings_.push_back(text.name + " is not a setting of weft" + suggestion(text.name));
}

}  // namespace weft
