// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/task_root.hpp>
#include <weft/async/wait_list.hpp>

namespace weft::detail {

/// A `get` that waits.
struct taker : queued_wait {
  std::uint64_t types = 0;
  std::size_t most = 1;
  /// Gives it items, of which there are some, or the empty value of a drained queue.
  void (*serve)(void* queue, taker& self) = nullptr;
  void (*end)(taker& self) = nullptr;
};

/// A `put` that waits for room.
struct putter : queued_wait {
  task_lineage task;           ///< is let go when it, or one that started it, comes to hold an item
  std::uint64_t position = 0;  ///< in the journal, of what was put
};
using put_operation = queued_operation<void, putter>;

}  // namespace weft::detail

namespace weft {

/// What `work_queue::put` yields. `co_await q.put(x)` lets the queue hold the producer back while this rank has more
/// than its capacity; so does `q.put(x).get()` in plain code. The item is in the queue either way. Ignoring it is
/// legal: then only the hard limit of bytes counts.
class queue_put {
 public:
  queue_put(value_operation<void>* on, bool owns) noexcept : op_(on), owns_(owns) {}
  queue_put(queue_put&& other) noexcept : op_(other.op_), owns_(std::exchange(other.owns_, false)) {}
  queue_put& operator=(queue_put&&) = delete;
  ~queue_put() {
    if (owns_) op_->drop();
  }
  /// False while the producer should wait.
  bool ready() const noexcept { return op_->done(); }
  /// Blocks plain code until there is room.
  void get(source_location where = source_location::current()) {
    if (!op_->done()) op_->on().wait(*op_, "work_queue::put(...).get()", where);
    op_->check();
  }
  auto operator co_await() noexcept { return detail::future_awaiter<void>(*op_); }

 private:
  value_operation<void>* op_;  // owned, or one of the queue's that is always done
  bool owns_;
};

}  // namespace weft
