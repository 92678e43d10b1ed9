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
#include <weft/txn/entries.hpp>

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

/// The keys of users and the names of transactions share one space. `key_bytes`: the length that all encoded keys have,
/// or 0 if theirs differs; then they begin with a format, which is 1 or 2.
constexpr bool is_name(std::string_view key, std::size_t key_bytes) noexcept {
  return key_bytes != 0 ? key.size() != key_bytes : key.starts_with('\xff');
}
/// The key of a name: one that no user's key is equal to. A second byte of 1 says that a third is there for the length.
inline std::string key_of_name(std::string_view name, std::size_t key_bytes) {
  const bool is_padded = name.size() + 2 == key_bytes;
  std::string key{'\xff', is_padded ? '\1' : '\0'};
  if (is_padded) key.push_back('\0');
  return key.append(name);
}

/// The keys and values of one rank, in memory, and what is known of names there.
class partition {
 public:
  using cells = std::unordered_map<std::string, std::string>;
  explicit partition(std::size_t key_bytes) noexcept : key_bytes_(key_bytes) {}

  std::optional<std::string> find(const std::string& key) const {
    const cells& in = is_name(key, key_bytes_) ? names_ : data_;
    const auto found = in.find(key);
    return found == in.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  void put(const std::string& key, std::string value) { place(key).insert_or_assign(key, std::move(value)); }
  void apply(const entries& writes) {
    for (std::size_t i = 0; i < writes.keys.size(); ++i) {
      cells& in = place(writes.keys[i]);
      if (writes.values[i]) {
        in.insert_or_assign(writes.keys[i], *writes.values[i]);
      } else {
        in.erase(writes.keys[i]);
      }
    }
  }
  const cells& data() const noexcept { return data_; }
  const cells& names() const noexcept { return names_; }

 private:
  cells& place(const std::string& key) noexcept { return is_name(key, key_bytes_) ? names_ : data_; }

  std::size_t key_bytes_;
  cells data_;
  cells names_;
};

}  // namespace weft::txn
