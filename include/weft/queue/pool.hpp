// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/core/codec.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/queue/options.hpp>
#include <weft/queue/ring.hpp>

namespace weft::detail {

/// What travels with an item that is not plain. A plain one has priority 0, type 0, may be taken anywhere, has never
/// failed, and nobody awaits its result.
struct item_tag {
  std::int8_t priority = 0;
  std::uint8_t type = 0;
  placement where = placement::anywhere;
  std::uint8_t is_long = 0;
  std::uint32_t failures = 0;
  std::uint64_t submission = 0;  ///< its producer's rank (upper 24 bits) and number; 0: nobody awaits a result

  bool is_plain() const noexcept {
    return priority == 0 && type == 0 && where == placement::anywhere && is_long == 0 && failures == 0 &&
           submission == 0;
  }
};
static_assert(sizeof(item_tag) == 16);

template <class T>
struct tagged_item {
  T value;
  item_tag tag;
};

template <class T>
struct placed_item {
  tagged_item<T> item;
  int rank;  ///< whom it was put for
};

/// The bytes that an item counts for: its own, and for a type that owns memory about what it would be on the wire.
template <class T>
std::size_t weigh(const T& value) {
  if constexpr (is_bytes<T>) {
    return sizeof(T);
  } else if constexpr (requires { value.data() + value.size(); }) {
    return sizeof(T) + value.size() * sizeof(*value.data());
  } else {
    thread_local byte_buffer scratch;
    scratch.clear();
    encode(scratch, value);
    return sizeof(T) + scratch.bytes().size();
  }
}

/// An item and what it weighed when it was put: its holder may have changed it since.
template <class T>
struct weighed_item {
  T value;
  std::size_t bytes;
};

/// The items that one rank has queued. Plain ones lie in one ring of bare values. The others stand in racks, one ring
/// for each priority, type and placement in use, the highest priority first. Within a rack, and between racks of equal
/// priority, the order is that of arrival.
template <class T>
class item_pool {
 public:
  /// Values of types that own no memory lie bare in the ring.
  static constexpr bool is_bare = is_bytes<T> && std::is_trivially_copyable_v<T>;
  static constexpr std::uint64_t plain_type = 1;

  std::size_t size() const noexcept { return plain_.size() + tagged_; }
  bool empty() const noexcept { return size() == 0; }
  bool has_tagged() const noexcept { return tagged_ > 0; }
  std::size_t plain() const noexcept { return plain_.size(); }
  std::size_t bytes() const noexcept {
    if constexpr (is_bare) {
      return plain_.size() * sizeof(T) + other_bytes_;
    } else {
      return other_bytes_;
    }
  }

  /// Every item is kept in the order of arrival, plain or not. Before the first one.
  void keep_order() noexcept { in_order_ = true; }

  void push(T value) {
    if (in_order_) return add(std::move(value), {}, false);
    if constexpr (is_bare) {
      plain_.push_back(std::move(value));
    } else {
      const std::size_t bytes = weigh(value);
      other_bytes_ += bytes;
      plain_.push_back({std::move(value), bytes});
    }
  }
  void push(T value, const item_tag& tag) {
    if (tag.is_plain() && !in_order_) return push(std::move(value));
    add(std::move(value), tag, false);
  }
  /// To where it will be taken first among its like when the oldest are.
  void push_oldest(T value, const item_tag& tag) { add(std::move(value), tag, true); }
  void push(const T* values, std::size_t count) requires is_bare {
    if (!in_order_) return plain_.push_back(values, count);
    for (std::size_t i = 0; i < count; ++i) push(values[i]);
  }
  T* room(std::size_t count) requires is_bare { return in_order_ ? nullptr : plain_.room(count); }
  void extend(std::size_t count) noexcept requires is_bare { plain_.extend(count); }

  bool has(std::uint64_t types) const noexcept { return count(types, placement::rank) > 0; }
  /// How many of these types may leave at most for a rank of this nearness (`placement::rank`: this one).
  std::size_t count(std::uint64_t types, placement nearness) const noexcept {
    std::size_t sum = (types & plain_type) != 0 ? plain_.size() : 0;
    if (tagged_ == 0) return sum;
    for (const auto& r : racks_) {
      if (r->fits(types, nearness)) sum += r->items.size();
    }
    return sum;
  }

  /// The next item to work on here: the highest priority, then by `order`. There must be one (`has`).
  tagged_item<T> take(std::uint64_t types, take_order order) noexcept {
    if (tagged_ > 0) {
      rack* best = find(types, placement::rank, order);
      if (best != nullptr && (best->priority >= 0 || plain_.empty() || (types & plain_type) == 0))
        return leave(*best, order);
    }
    return {take_plain(order), {}};
  }
  /// Plain ones, the newest last: at most `count`, as many as there are. Returns how many were moved to `to`.
  std::size_t take_newest(T* to, std::size_t count) noexcept {
    count = std::min(count, plain_.size());
    for (std::size_t i = count; i-- > 0;) ::new (static_cast<void*>(to + i)) T(take_plain(take_order::newest_first));
    return count;
  }
  std::size_t take_oldest(T* to, std::size_t count) noexcept {
    count = std::min(count, plain_.size());
    for (std::size_t i = 0; i < count; ++i) ::new (static_cast<void*>(to + i)) T(take_plain(take_order::oldest_first));
    return count;
  }

  /// Takes the oldest `count` items that may leave, the highest priority first, as long as they weigh less than
  /// `most_bytes`; at least one. Returns their bytes.
  std::size_t take_for_others(std::size_t count, std::uint64_t types, placement nearness, std::size_t most_bytes,
                              std::vector<T>& plain, std::vector<tagged_item<T>>& tagged) {
    std::size_t bytes = 0;
    for (; count > 0 && (bytes == 0 || bytes < most_bytes); --count) {
      const std::size_t before = this->bytes();
      rack* best = tagged_ > 0 ? find(types, nearness, take_order::oldest_first) : nullptr;
      if (best != nullptr && (best->priority >= 0 || plain_.empty() || (types & plain_type) == 0)) {
        tagged.push_back(leave(*best, take_order::oldest_first));
      } else if ((types & plain_type) != 0 && !plain_.empty()) {
        plain.push_back(take_plain(take_order::oldest_first));
      } else {
        break;
      }
      bytes += before - this->bytes();
    }
    return bytes;
  }

  /// Drops the item of a submission, if it is here.
  bool drop(std::uint64_t submission) noexcept {
    for (auto& r : racks_) {
      for (std::size_t i = 0; i < r->items.size(); ++i) {
        if (r->items[i].tag.submission != submission) continue;
        forget(r->items.remove(i));
        return true;
      }
    }
    return false;
  }
  /// Drops everything; `each(tag)` is called for those with a tag. Returns how many there were.
  template <class Each>
  std::size_t clear(Each&& each) {
    const std::size_t dropped = size();
    for (auto& r : racks_) {
      while (!r->items.empty()) {
        stored one = r->items.pop_front();
        each(one.tag);
      }
    }
    plain_.clear();
    tagged_ = 0;
    other_bytes_ = 0;
    return dropped;
  }

 private:
  struct stored {
    T value;
    item_tag tag;
    std::uint64_t arrival;
    std::size_t bytes;
  };
  struct rack {
    int priority;
    unsigned type;
    placement where;
    ring<stored> items;
    bool fits(std::uint64_t types, placement nearness) const noexcept {
      return (types >> type & 1) != 0 && (where <= nearness || WEFT_PLANTED("stealing.bound_items_leave"));
    }
  };
  using cell = std::conditional_t<is_bare, T, weighed_item<T>>;

  T take_plain(take_order order) noexcept {
    cell one = order == take_order::newest_first ? plain_.pop_back() : plain_.pop_front();
    if constexpr (is_bare) {
      return one;
    } else {
      other_bytes_ -= one.bytes;
      return std::move(one.value);
    }
  }
  void add(T value, const item_tag& tag, bool as_oldest) {
    const std::size_t bytes = weigh(value);
    rack& r = rack_for(tag);
    if (as_oldest) {
      r.items.push_front({std::move(value), tag, 0, bytes});
    } else {
      r.items.push_back({std::move(value), tag, ++arrivals_, bytes});
    }
    ++tagged_;
    other_bytes_ += bytes;
  }
  void forget(const stored& one) noexcept {
    --tagged_;
    other_bytes_ -= one.bytes;
  }
  tagged_item<T> leave(rack& r, take_order order) noexcept {
    stored one = order == take_order::newest_first ? r.items.pop_back() : r.items.pop_front();
    forget(one);
    return {std::move(one.value), one.tag};
  }
  rack* find(std::uint64_t types, placement nearness, take_order order) noexcept {
    rack* best = nullptr;
    for (auto& r : racks_) {
      if (r->items.empty() || !r->fits(types, nearness)) continue;
      if (best != nullptr && best->priority > r->priority) break;
      if (best == nullptr ||
          (order == take_order::newest_first ? r->items.back().arrival > best->items.back().arrival
                                             : r->items.front().arrival < best->items.front().arrival)) {
        best = r.get();
      }
    }
    return best;
  }
  rack& rack_for(const item_tag& tag) {
    const auto at =
        std::find_if(racks_.begin(), racks_.end(), [&](const auto& r) { return r->priority <= tag.priority; });
    for (auto r = at; r != racks_.end() && (*r)->priority == tag.priority; ++r) {
      if ((*r)->type == tag.type && (*r)->where == tag.where) return **r;
    }
    auto made = std::make_unique<rack>();
    made->priority = tag.priority;
    made->type = tag.type;
    made->where = tag.where;
    return **racks_.insert(at, std::move(made));
  }

  ring<cell> plain_;
  std::vector<std::unique_ptr<rack>> racks_;
  std::size_t tagged_ = 0;
  std::size_t other_bytes_ = 0;
  std::uint64_t arrivals_ = 0;
  bool in_order_ = false;
};

}  // namespace weft::detail
