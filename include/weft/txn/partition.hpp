// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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

/// The keys of users, the names of transactions, the works of participants and the items of queues share one space.
/// `key_bytes`: the length that all encoded keys of users have, or 0 if theirs differs; then they begin with a format, which is
/// 1 or 2. All others begin with 0xff and their kind, plus 1 if another byte follows, so that the length is not that one.
enum class key_kind : std::uint8_t { name = 0, work = 2, item = 4, user = 6 };
constexpr key_kind kind_of(std::string_view key, std::size_t key_bytes) noexcept {
  const bool is_users = key_bytes != 0 ? key.size() == key_bytes : !key.starts_with('\xff');
  return is_users ? key_kind::user : static_cast<key_kind>(static_cast<unsigned char>(key[1]) & ~1u);
}
inline std::string key_of(key_kind kind, std::string_view text, std::size_t key_bytes) {
  const bool is_padded = text.size() + 2 == key_bytes;
  std::string key{'\xff', static_cast<char>(static_cast<int>(kind) + (is_padded ? 1 : 0))};
  if (is_padded) key.push_back('\0');
  return key.append(text);
}
inline std::string key_of_name(std::string_view name, std::size_t key_bytes) {
  return key_of(key_kind::name, name, key_bytes);
}
/// Of a work or an item: what the key was made of.
constexpr std::string_view text_of_key(std::string_view key) noexcept { return key.substr(2 + (key[1] & 1)); }

/// What the keys of all items of a queue begin with.
inline std::string items_of_queue(std::string_view name) {
  return key_of(key_kind::item, name, 0).append(1, '\0');
}

/// The work of a participant for one of its keys.
inline std::string key_of_work(std::string_view participant, std::string_view key, std::size_t key_bytes) {
  return key_of(key_kind::work, std::string(participant).append(1, '\0').append(key), key_bytes);
}
constexpr std::string_view participant_of(std::string_view key) noexcept {
  const std::string_view text = text_of_key(key);
  return text.substr(0, text.find('\0'));
}
constexpr std::string_view work_key_of(std::string_view key) noexcept {
  const std::string_view text = text_of_key(key);
  return text.substr(text.find('\0') + 1);
}

/// The keys and values of one rank, in memory, and what is known of names there.
class partition {
 public:
  using cells = std::unordered_map<std::string, std::string>;
  explicit partition(std::size_t key_bytes) noexcept : key_bytes_(key_bytes) {}

  std::optional<std::string> find(const std::string& key) const {
    const key_kind kind = kind_of(key, key_bytes_);
    if (kind == key_kind::item) return found_in(items_, key);
    return found_in(kind == key_kind::name ? names_ : data_, key);
  }
  void put(const std::string& key, std::string value) { place(key).insert_or_assign(key, std::move(value)); }
  /// The works of participants among them are these' own business.
  void apply(const entries& writes) {
    for (std::size_t i = 0; i < writes.keys.size(); ++i) {
      switch (kind_of(writes.keys[i], key_bytes_)) {
        case key_kind::work:
          break;
        case key_kind::item:
          assign(items_, writes.keys[i], writes.values[i]);
          break;
        default:
          assign(place(writes.keys[i]), writes.keys[i], writes.values[i]);
      }
    }
  }
  const cells& data() const noexcept { return data_; }
  const cells& names() const noexcept { return names_; }
  /// Of all queues, the oldest of each first.
  const std::map<std::string, std::string>& items() const noexcept { return items_; }
  std::size_t count_items(const std::string& prefix) const {
    std::size_t count = 0;
    for (auto at = items_.lower_bound(prefix); at != items_.end() && at->first.starts_with(prefix); ++at) ++count;
    return count;
  }

 private:
  template <class Cells>
  static std::optional<std::string> found_in(const Cells& in, const std::string& key) {
    const auto found = in.find(key);
    return found == in.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  template <class Cells>
  static void assign(Cells& in, const std::string& key, const std::optional<std::string>& value) {
    if (value) {
      in.insert_or_assign(key, *value);
    } else {
      in.erase(key);
    }
  }
  cells& place(const std::string& key) noexcept {
    return kind_of(key, key_bytes_) == key_kind::name ? names_ : data_;
  }

  std::size_t key_bytes_;
  cells data_;
  cells names_;
  std::map<std::string, std::string> items_;
};

}  // namespace weft::txn
