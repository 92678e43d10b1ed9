// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::txn {

/// Encoded keys and what belongs to each: nothing means that the key is not there, or is to be erased. What a
/// transaction writes stands in the order of the keys.
struct entries {
  std::vector<std::string> keys;
  std::vector<std::optional<std::string>> values;
};

/// What belongs to `key` in ordered entries; null if it is not among them.
inline const std::optional<std::string>* find(const entries& in, const std::string& key) {
  const auto at = std::lower_bound(in.keys.begin(), in.keys.end(), key);
  if (at == in.keys.end() || *at != key) return nullptr;
  return &in.values[static_cast<std::size_t>(at - in.keys.begin())];
}

/// Replaces what belongs to `key` in ordered entries, or puts it in.
inline void assign(entries& in, const std::string& key, std::optional<std::string> value) {
  const auto at = std::lower_bound(in.keys.begin(), in.keys.end(), key);
  const auto place = at - in.keys.begin();
  if (at != in.keys.end() && *at == key) {
    in.values[static_cast<std::size_t>(place)] = std::move(value);
    return;
  }
  in.keys.insert(at, key);
  in.values.insert(in.values.begin() + place, std::move(value));
}

/// Assigns all of `from`.
inline void merge(entries& in, entries&& from) {
  if (in.keys.empty()) {
    in = std::move(from);
    return;
  }
  for (std::size_t i = 0; i < from.keys.size(); ++i) assign(in, from.keys[i], std::move(from.values[i]));
}

}  // namespace weft::txn
