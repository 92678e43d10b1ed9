// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/async/timer_queue.hpp>
#include <weft/message/remote_error.hpp>
#include <weft/txn/call.hpp>
#include <weft/txn/coordinator.hpp>
#include <weft/txn/lock_age.hpp>
#include <weft/txn/outcome.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft::txn {

class transaction_manager;

/// Ends an attempt some time.
struct attempt_timer final : timer_node {
  attempt_timer() = default;
  ~attempt_timer();
  attempt_timer(const attempt_timer&) = delete;
  attempt_timer& operator=(const attempt_timer&) = delete;
  transaction_manager* of = nullptr;
  std::uint64_t sequence = 0;
};

/// One attempt of a transaction, on the rank where its body runs.
struct attempt {
  using cells = std::map<std::string, std::optional<std::string>>;
  struct answer {
    bool is_refused = false;
    std::vector<std::optional<std::string>> values;
  };
  /// A function that is to run, or has run, at the data.
  struct asked_call {
    call what;  ///< only its key once it is sent
    int rank = 0;
    std::uint32_t ticket = 0;  ///< 0: still here
    bool writes = false;
    bool is_awaited = false;  ///< the body sees what it throws
    std::optional<call_answer> answer;
    std::vector<promise<void>> waiting;
    bool is_on_its_way() const noexcept { return ticket != 0 && !answer; }
    void tell() {
      for (promise<void>& each : waiting) each.set_value();
      waiting.clear();
    }
  };
  transaction_id id;
  lock_age age;
  coordinator core;
  std::vector<int> contacts;  ///< ranks that have heard of it
  std::vector<int> members;   ///< ranks by member, once it commits or aborts
  cells reads;                ///< of keys whose locks are held
  cells writes;
  std::vector<asked_call> calls;
  /// What `writes` had before, newest last; only once there is a savepoint.
  std::vector<std::pair<std::string, std::optional<std::optional<std::string>>>> undo;
  std::vector<remote_failure> failure;  ///< one element: a function threw while it was to commit
  std::map<std::uint32_t, promise<answer>> awaited;  ///< by ticket
  std::optional<promise<transaction_outcome>> ending;
  std::uint32_t securing = 0;  ///< ticket of the request for the locks of what was written on this rank
  bool wrote_here = false;
  bool is_doomed = false;  ///< refused or wounded
  bool is_in_use = true;   ///< by a `transaction`
  bool is_read_only = false;
  bool has_savepoint = false;
  attempt_timer timer;

  void write(const std::string& key, std::optional<std::string> value) {
    if (has_savepoint) note(key);
    writes.insert_or_assign(key, std::move(value));
  }
  /// What the transaction has written to a key before a function runs there, out of `writes`.
  std::optional<std::optional<std::string>> take(const std::string& key) {
    const auto found = writes.find(key);
    if (found == writes.end()) return std::nullopt;
    if (has_savepoint) note(key);
    std::optional<std::string> value = std::move(found->second);
    writes.erase(found);
    return value;
  }
  void note(const std::string& key) {
    const auto found = writes.find(key);
    undo.emplace_back(key, found == writes.end() ? std::nullopt : std::make_optional(found->second));
  }
  void undo_to(std::size_t size) {
    for (; undo.size() > size; undo.pop_back()) {
      auto& [key, before] = undo.back();
      if (before) {
        writes.insert_or_assign(key, std::move(*before));
      } else {
        writes.erase(key);
      }
    }
  }
};

}  // namespace weft::txn
