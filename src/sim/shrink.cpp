// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/shrink.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace weft::sim {

namespace {

constexpr int most_rounds = 3;
// Faults and lives, the rarer ones first: what is left out early need not be searched for again.
constexpr std::array fault_keys{"kill_at",      "kills",  "power",   "zombies",       "failing_syncs", "child_deaths",
                                "child_floods", "losses", "repeats", "postponements", "child_hangs",   "pauses",
                                "slow",         "delays", "restart", "restart_ranks"};
constexpr std::array counted_keys{"pauses", "slow", "delays", "restart", "restart_ranks"};
constexpr std::array tuning_keys{"within",       "longest",  "jitter", "eager",       "ranks_per_node", "latency",
                                 "node_latency", "overhead", "gap", "copy_ps_per_byte", "handshake",    "ps_per_byte", "network",        "disk", "node_ports", "nodes_per_switch", "uplinks", "switch_latency"};

/// Whether the run fails with its own seed or one of `seeds` others, which it has then.
class seed_search {
 public:
  seed_search(std::uint64_t seeds, const std::function<bool(const run_settings&)>& fails)
      : seeds_(seeds), fails_(fails) {}

  bool operator()(run_settings& run) {
    if (try_one(run)) return true;
    const std::string own = run.value("seed", "1");
    for (std::uint64_t seed = 1; seed <= seeds_; ++seed) {
      run.set("seed", std::to_string(seed));
      if (run.value("seed") != own && try_one(run)) return true;
    }
    return false;
  }
  std::uint64_t trials() const noexcept { return trials_; }

 private:
  bool try_one(const run_settings& run) {
    ++trials_;
    return fails_(run);
  }
  std::uint64_t seeds_;
  const std::function<bool(const run_settings&)>& fails_;
  std::uint64_t trials_ = 0;
};

/// Tries the values that stand before the present one.
bool make_smaller(run_settings& run, const shrinkable& by, seed_search& fails) {
  const std::string present = run.value(by.key);
  for (const std::string& value : by.values) {
    if (value == present) return false;
    run_settings smaller = run;
    smaller.set(by.key, value);
    if (!fails(smaller)) continue;
    run = std::move(smaller);
    return true;
  }
  return false;
}

}  // namespace

run_settings::run_settings(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) set(one.substr(0, equals), equals < one.size() ? one.substr(equals + 1) : "1");
  }
}

std::string run_settings::value(std::string_view key, std::string_view otherwise) const {
  for (const auto& pair : pairs_) {
    if (pair.first == key) return pair.second;
  }
  return std::string(otherwise);
}

std::uint64_t run_settings::number(std::string_view key, std::uint64_t otherwise) const {
  const std::string text = value(key);
  std::uint64_t found = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), found);
  return found;
}

bool run_settings::has(std::string_view key) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [key](const auto& pair) { return pair.first == key; });
}

void run_settings::set(std::string_view key, std::string_view value) {
  const auto at = std::find_if(pairs_.begin(), pairs_.end(), [key](const auto& pair) { return pair.first == key; });
  if (value.empty()) {
    if (at != pairs_.end()) pairs_.erase(at);
  } else if (at != pairs_.end()) {
    at->second = value;
  } else {
    pairs_.emplace_back(key, value);
  }
}

std::string run_settings::text() const {
  std::string all;
  for (const auto& pair : pairs_) {
    if (!all.empty()) all += ',';
    all += pair.first + "=" + pair.second;
  }
  return all;
}

shrunk_run shrink(run_settings failing, const std::vector<shrinkable>& plan, std::uint64_t seeds,
                  const std::function<bool(const run_settings&)>& fails) {
  seed_search search(seeds, fails);
  bool is_smaller = true;
  for (int round = 0; is_smaller && round < most_rounds; ++round) {
    is_smaller = false;
    for (const shrinkable& by : plan) {
      if (make_smaller(failing, by, search)) is_smaller = true;
    }
  }
  return {std::move(failing), search.trials()};
}

std::vector<std::string> smaller_numbers(std::uint64_t most) {
  std::vector<std::string> all;
  for (std::uint64_t power = 1; power < most; power *= 2) {
    all.push_back(std::to_string(power));
    if (power >= 2 && power + power / 2 < most) all.push_back(std::to_string(power + power / 2));
  }
  return all;
}

std::vector<shrinkable> sizes_of(const run_settings& run) {
  std::vector<shrinkable> plan{{"ranks", smaller_numbers(run.number("ranks", 4))}};
  for (const std::string key : fault_keys) {
    if (!run.has(key)) continue;
    shrinkable one{key, {""}};
    const bool is_counted = std::find(counted_keys.begin(), counted_keys.end(), key) != counted_keys.end();
    if (is_counted) {
      for (std::string& number : smaller_numbers(run.number(key, 0))) one.values.push_back(std::move(number));
    }
    plan.push_back(std::move(one));
  }
  for (const std::string key : tuning_keys) {
    if (run.has(key)) plan.push_back({key, {""}});
  }
  return plan;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,./:@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

}  // namespace weft::sim
