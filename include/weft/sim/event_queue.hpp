// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

namespace weft::sim {

struct endpoint;

/// Something that happens at a moment of its own: a timer of a disk, a child process, a fault.
class event_target {
 public:
  virtual void on_time(std::uint64_t argument) = 0;

 protected:
  ~event_target() = default;
};

enum class event_kind : std::uint8_t {
  resume,    ///< the rank goes on
  timer,     ///< the deadline with which the rank waits has come
  arrive,    ///< a message reaches its receiver
  transfer,  ///< the data of a long message reach the receiver
  finish,    ///< an operation of the rank is done
  call,      ///< `event_target`
};

struct event {
  std::int64_t time;    ///< ns
  std::uint64_t order;  ///< events of one time happen in the order in which they were made
  void* what;
  endpoint* who;
  std::uint64_t argument;
  event_kind kind;
};

/// A four-way heap of events: first by time, then by age.
class event_queue {
 public:
  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  const event& top() const noexcept { return heap_.front(); }

  void push(std::int64_t time, event_kind kind, endpoint* who, void* what = nullptr, std::uint64_t argument = 0) {
    std::size_t hole = heap_.size();
    const event made{time, ++made_, what, who, argument, kind};
    heap_.push_back(made);
    while (hole > 0 && before(made, heap_[(hole - 1) / 4])) {
      heap_[hole] = heap_[(hole - 1) / 4];
      hole = (hole - 1) / 4;
    }
    heap_[hole] = made;
  }

  event pop() {
    const event first = heap_.front();
    const event last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
    return first;
  }

 private:
  static bool before(const event& a, const event& b) noexcept {
    return a.time != b.time ? a.time < b.time : a.order < b.order;
  }

  void sink(const event& moved) {
    const std::size_t size = heap_.size();
    std::size_t hole = 0;
    for (;;) {
      const std::size_t first_child = hole * 4 + 1;
      if (first_child >= size) break;
      std::size_t least = first_child;
      const std::size_t end = first_child + 4 < size ? first_child + 4 : size;
      for (std::size_t child = first_child + 1; child < end; ++child) {
        if (before(heap_[child], heap_[least])) least = child;
      }
      if (!before(heap_[least], moved)) break;
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = moved;
  }

  std::vector<event> heap_;
  std::uint64_t made_ = 0;
};

}  // namespace weft::sim
