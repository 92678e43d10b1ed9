// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sim {

/// A run as `key=value` pairs, each key once; `seed` is one of the keys. What `WEFT_SIM` holds, or a suite's own keys.
class run_settings {
 public:
  run_settings() = default;
  /// Reads `key=value,key=value,...`; a later value of a key replaces an earlier one. Nothing is checked.
  explicit run_settings(std::string_view text);

  /// The value of a key, or `otherwise`.
  std::string value(std::string_view key, std::string_view otherwise = "") const;
  std::uint64_t number(std::string_view key, std::uint64_t otherwise) const;
  bool has(std::string_view key) const;
  /// "" takes the key out.
  void set(std::string_view key, std::string_view value);
  std::string text() const;
  const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// What may be made smaller: the values of one key, the smallest first; "" is the key's absence.
struct shrinkable {
  std::string key;
  std::vector<std::string> values;
};

struct shrunk_run {
  run_settings settings;
  std::uint64_t trials = 0;  ///< how many runs it took
};

/// Makes a failing run smaller: for each key in turn, takes the first value with which it still fails, and begins
/// again until nothing gets smaller (greedy one-key-at-a-time minimisation: Zeller and Hildebrandt, "Simplifying and
/// isolating failure-inducing input", IEEE TSE 2002, without the subsets). With other ranks or faults the same seed is
/// another run, so each value is tried with the seed at hand and with `seeds` others. `fails` says whether a run fails
/// in the same way. Deterministic.
shrunk_run shrink(run_settings failing, const std::vector<shrinkable>& plan, std::uint64_t seeds,
                  const std::function<bool(const run_settings&)>& fails);

/// What may be made smaller in a run of `WEFT_SIM`: ranks first, then faults and lives, then what tunes them.
std::vector<shrinkable> sizes_of(const run_settings& run);

/// The numbers below `most` that are worth a try: 1, 2, 3, 4, 6, 8, 12, 16, ...
std::vector<std::string> smaller_numbers(std::uint64_t most);

/// A word as a POSIX shell reads it back.
std::string shell_word(std::string_view text);

}  // namespace weft::sim
