// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/core/random.hpp>
#include <weft/txn/store.hpp>

#include "support/list_history.hpp"

namespace weft::testing {

using list_store = store<int, std::vector<std::int64_t>>;

inline void append_at_the_data(std::optional<std::vector<std::int64_t>>& list, std::int64_t value) {
  if (!list) list.emplace();
  list->push_back(value);
}

struct list_client {
  int number = 0;  ///< among all clients
  int keys = 8;
  int transactions = 100;
  bool is_isolated = true;  ///< else it reads in one transaction and writes in another, which is none
  std::function<std::int64_t()> clock;
};

/// Random transactions of one to four operations; notes what each did and saw.
inline task<> run_list_client(list_store& s, list_client who, std::vector<list_transaction>& history) {
  random_source random(static_cast<std::uint64_t>(who.number) + 1);
  for (int n = 0; n < who.transactions; ++n) {
    std::vector<std::pair<int, int>> plan;  // key, what
    for (std::uint64_t left = 1 + random.below(4); left > 0; --left)
      plan.emplace_back(static_cast<int>(random.below(static_cast<std::uint64_t>(who.keys))), static_cast<int>(random.below(3)));
    list_transaction seen;
    auto body = [&](list_store::transaction_type& tx) -> task<> {
      seen.operations.clear();
      std::int64_t value = (std::int64_t{who.number} * 1'000'000 + n) * 8;
      for (const auto& [key, what] : plan) {
        list_operation o;
        o.key = key;
        o.is_append = what != 0;
        if (what == 1) {
          o.appended = ++value;
          tx.call<append_at_the_data>(key, o.appended);
        } else {
          std::optional<std::vector<std::int64_t>> list = co_await tx.get(key);
          std::vector<std::int64_t> now = list ? std::move(*list) : std::vector<std::int64_t>();
          if (what == 0) {
            o.read = std::move(now);
          } else {
            o.appended = ++value;
            now.push_back(o.appended);
            tx.put(key, now);
          }
        }
        seen.operations.push_back(std::move(o));
      }
    };
    std::vector<std::int64_t> stale;
    auto looks = [&](list_store::transaction_type& tx) -> task<> {
      const auto list = co_await tx.get(0);
      stale = list.value_or(std::vector<std::int64_t>());
    };
    auto writes_back = [&](list_store::transaction_type& tx) -> task<> {
      seen.operations = {{0, false, 0, stale}, {0, true, (std::int64_t{who.number} * 1'000'000 + n) * 8, {}}};
      stale.push_back(seen.operations.back().appended);
      tx.put(0, stale);
      co_return;
    };
    seen.start = who.clock();
    if (who.is_isolated) {
      co_await s.transact(body);
    } else {
      co_await s.transact(looks);
      co_await s.transact(writes_back);
    }
    seen.end = who.clock();
    history.push_back(std::move(seen));
  }
}

}  // namespace weft::testing
