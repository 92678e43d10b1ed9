// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <weft/core/type_hash.hpp>
#include <weft/txn/wire.hpp>

namespace weft::txn {

/// The keys are dealt to this many slots, and the slots to the ranks; fixed, so that another number of ranks finds the
/// same slots.
inline constexpr std::uint32_t slot_count = 4096;
constexpr std::uint32_t slot_of(std::string_view key) noexcept {
  return static_cast<std::uint32_t>(fnv1a(key) >> 32) % slot_count;
}
constexpr int owner_of(std::uint32_t slot, int ranks) noexcept {
  return static_cast<int>(static_cast<std::uint64_t>(slot) * static_cast<std::uint64_t>(ranks) / slot_count);
}

/// The keys and values of one rank, in memory.
class partition {
 public:
  std::optional<std::string> find(const std::string& key) const {
    const auto found = data_.find(key);
    return found == data_.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  void put(std::string key, std::string value) { data_.insert_or_assign(std::move(key), std::move(value)); }
  void apply(const entries& writes) {
    for (std::size_t i = 0; i < writes.keys.size(); ++i) {
      if (writes.values[i]) {
        data_.insert_or_assign(writes.keys[i], *writes.values[i]);
      } else {
        data_.erase(writes.keys[i]);
      }
    }
  }
  std::size_t size() const noexcept { return data_.size(); }
  const std::unordered_map<std::string, std::string>& all() const noexcept { return data_; }

 private:
  std::unordered_map<std::string, std::string> data_;
};

}  // namespace weft::txn
