// SPDX-License-Identifier: BSL-1.0
#include "ring.hpp"

#include <fmt/format.h>

namespace weft::bank {

task<finished> ring::transact(random_source& random) {
  const std::uint64_t first = random.below(count_);
  auto body = [&](transaction_type& tx) -> task<> {
    const std::uint64_t second = co_await tx.at(first, txn::lock_mode::exclusive);
    const std::uint64_t third = co_await tx.at(second, txn::lock_mode::exclusive);
    const std::uint64_t fourth = co_await tx.at(third, txn::lock_mode::exclusive);
    tx.put(first, third);
    tx.put(second, fourth);
    tx.put(third, second);
  };
  const transaction_result done = co_await rows_.transact(body);
  co_return finished{0, done.attempts, false};
}

/// Every rank walks round the whole ring.
task<std::string> ring::audit() {
  std::vector<std::uint64_t> links;
  co_await rows_.snapshot([&](std::uint64_t key, std::uint64_t next) {
    links.push_back(key);
    links.push_back(next);
  });
  auto telling = ctx_.world().iallgather(std::move(links));
  const std::vector<std::vector<std::uint64_t>> all = co_await std::move(telling);
  std::vector<std::uint64_t> next(count_);
  for (const auto& part : all) {
    for (std::size_t i = 0; i < part.size(); i += 2) next.at(part[i]) = part[i + 1];
  }
  std::uint64_t at = 0, steps = 0;
  do {
    at = next.at(at);
    ++steps;
  } while (at != 0 && steps <= count_);
  if (steps == count_) co_return "";
  co_return fmt::format("the ring of {} keys closes after {} steps", count_, steps);
}

}  // namespace weft::bank
