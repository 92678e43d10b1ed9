// SPDX-License-Identifier: BSL-1.0
#include "support/mpi_accounting.hpp"

#include <atomic>

#include "support/mpi_accounting_count.hpp"

namespace weft::test {

namespace {

// Atomic, because a test may let a second thread call MPI.
std::array<std::atomic<long>, handle_kinds> open = {};

constexpr std::array<const char*, handle_kinds> names = {"request",       "communicator", "datatype", "operation",
                                                         "group",         "window",       "message",  "info",
                                                         "error handler", "keyval"};

}  // namespace

void detail::count(handle_kind kind, long change) {
  open[static_cast<std::size_t>(kind)].fetch_add(change, std::memory_order_relaxed);
}

long handle_counts::total() const {
  long sum = 0;
  for (long n : by_kind) sum += n;
  return sum;
}

handle_counts open_handles() {
  handle_counts counts;
  for (std::size_t kind = 0; kind < handle_kinds; ++kind)
    counts.by_kind[kind] = open[kind].load(std::memory_order_relaxed);
  return counts;
}

std::string describe_growth(const handle_counts& before, const handle_counts& now) {
  std::string text;
  for (std::size_t kind = 0; kind < handle_kinds; ++kind) {
    const long grown = now.by_kind[kind] - before.by_kind[kind];
    if (grown <= 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(grown) + " " + names[kind] + (grown == 1 ? "" : "s");
  }
  return text;
}

}  // namespace weft::test
