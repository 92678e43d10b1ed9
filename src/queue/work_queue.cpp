// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/work_queue.hpp>

#include <exception>
#include <string>

namespace weft::detail {

void throw_put_after_close(source_location where) {
  throw usage_error("work_queue::put after close on this rank, by a rank that holds no item", where);
}

void throw_queue_full(std::size_t bytes, std::size_t limit, source_location where) {
  throw queue_full("work_queue::put would bring the items queued on this rank to " + std::to_string(bytes) +
                       " bytes, beyond the hard limit of " + std::to_string(limit) +
                       " (queue_options::hard_bytes): await what put returns, or put less while holding an item",
                   where);
}

void throw_closed_twice(source_location where) {
  throw usage_error("work_queue::close called twice on this rank", where);
}

void throw_left_twice(source_location where) {
  throw usage_error("work_queue::leave called twice on this rank, without join", where);
}

void check_options(const put_options& how, int ranks, source_location where) {
  if (how.priority < lowest_priority || how.priority > highest_priority) {
    throw usage_error("put_options::priority is " + std::to_string(how.priority) + ": it must be from " +
                          std::to_string(lowest_priority) + " to " + std::to_string(highest_priority),
                      where);
  }
  if (how.type >= work_types) {
    throw usage_error(
        "put_options::type is " + std::to_string(how.type) + ": it must be below " + std::to_string(work_types), where);
  }
  if (how.rank >= ranks) {
    throw usage_error("put_options::rank is " + std::to_string(how.rank) + ", of " + std::to_string(ranks) + " ranks",
                      where);
  }
}

void report_left(loop& on, std::size_t items, std::size_t dead, source_location where) noexcept {
  std::string text = "a work_queue was destroyed with ";
  if (items > 0) text += std::to_string(items) + " items still queued";
  if (items > 0 && dead > 0) text += " and ";
  if (dead > 0) text += std::to_string(dead) + " dead letters that nobody took";
  on.report(std::make_exception_ptr(usage_error(text)), "work_queue", where);
}

}  // namespace weft::detail
