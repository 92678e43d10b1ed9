// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::detail {

/// Names what waits on this rank, towards other ranks: a place in a table, and a number that is not used again for a
/// long time, by which an answer that comes too late is known.
struct ticket {
  std::uint32_t slot = 0;
  std::uint32_t sequence = 0;
};

/// What waits on this rank for answers of others, by its ticket.
template <class Waiting>
class ticket_table {
 public:
  /// The ticket of the next that is added.
  ticket next() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    return {free_.back(), last_ + 1};
  }
  ticket add(Waiting& who) {
    const ticket made = next();
    free_.pop_back();
    slots_[made.slot] = {&who, made.sequence};
    last_ = made.sequence;
    ++size_;
    return made;
  }
  /// nullptr: it does not wait any more.
  Waiting* find(ticket which) const noexcept {
    if (which.slot >= slots_.size() || slots_[which.slot].sequence != which.sequence) return nullptr;
    return slots_[which.slot].who;
  }
  void remove(ticket which) noexcept {
    slots_[which.slot].who = nullptr;
    free_.push_back(which.slot);  // there was room for it when it was taken
    --size_;
  }
  /// One that waits, or nullptr.
  Waiting* any() const noexcept {
    for (const slot& s : slots_) {
      if (s.who != nullptr) return s.who;
    }
    return nullptr;
  }
  std::size_t size() const noexcept { return size_; }

 private:
  struct slot {
    Waiting* who = nullptr;
    std::uint32_t sequence = 0;
  };
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t last_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weft::detail
