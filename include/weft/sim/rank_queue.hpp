// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace weft::sim {

/// Which rank comes next: a four-way heap of at most one time for each rank. Of equal times the one that was set first
/// comes first.
class rank_queue {
 public:
  static constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::max();

  /// A place for one more rank, without a time.
  std::uint32_t add_rank() {
    where_.push_back(nowhere);
    return static_cast<std::uint32_t>(where_.size() - 1);
  }
  std::int64_t top_time() const noexcept { return heap_.empty() ? no_time : heap_.front().time; }
  std::uint32_t top() const noexcept { return heap_.front().rank(); }
  std::int64_t time_of(std::uint32_t rank) const noexcept {
    return where_[rank] == nowhere ? no_time : heap_[where_[rank]].time;
  }

  /// Gives the rank another time; `no_time` takes it out.
  void set(std::uint32_t rank, std::int64_t time) {
    if (time == no_time) {
      remove(rank);
      return;
    }
    const entry moved{time, ++made_ << rank_bits | rank};
    std::uint32_t at = where_[rank];
    if (at == nowhere) {
      at = static_cast<std::uint32_t>(heap_.size());
      heap_.push_back(moved);
      rise(at, moved);
    } else if (time < heap_[at].time) {
      rise(at, moved);
    } else {
      sink(at, moved);
    }
  }
  void remove(std::uint32_t rank) {
    const std::uint32_t at = where_[rank];
    if (at == nowhere) return;
    where_[rank] = nowhere;
    const entry last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    if (at > 0 && last.before(heap_[(at - 1) / 4])) {
      rise(at, last);
    } else {
      sink(at, last);
    }
  }

 private:
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
  static constexpr unsigned rank_bits = 24;
  struct entry {
    std::int64_t time;
    std::uint64_t key;  ///< the order in which the times were set, and the rank
    std::uint32_t rank() const noexcept { return static_cast<std::uint32_t>(key & ((1u << rank_bits) - 1)); }
    bool before(const entry& other) const noexcept {
      return time < other.time || (time == other.time && key < other.key);
    }
  };

  void place(std::uint32_t at, const entry& e) noexcept {
    heap_[at] = e;
    where_[e.rank()] = at;
  }
  void rise(std::uint32_t at, const entry& e) noexcept {
    while (at > 0 && e.before(heap_[(at - 1) / 4])) {
      place(at, heap_[(at - 1) / 4]);
      at = (at - 1) / 4;
    }
    place(at, e);
  }
  void sink(std::uint32_t at, const entry& e) noexcept {
    const auto size = static_cast<std::uint32_t>(heap_.size());
    for (;;) {
      const std::uint32_t first = at * 4 + 1;
      if (first >= size) break;
      const std::uint32_t end = first + 4 < size ? first + 4 : size;
      std::uint32_t least = first;
      for (std::uint32_t i = first + 1; i < end; ++i) {
        if (heap_[i].before(heap_[least])) least = i;
      }
      if (!heap_[least].before(e)) break;
      place(at, heap_[least]);
      at = least;
    }
    place(at, e);
  }

  std::vector<entry> heap_;
  std::vector<std::uint32_t> where_;  ///< by rank
  std::uint64_t made_ = 0;
};

}  // namespace weft::sim
