// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weft/txn/outcome.hpp>

#include "support/list_history.hpp"

namespace weft::seeds {

/// What lies where in the store of the suite `txn`. All values are lists of numbers.
struct store_layout {
  static constexpr int accounts = 20;  ///< keys 0 to 19: a balance
  static constexpr std::int64_t initial = 1000;
  static constexpr int first_link = 100;  ///< keys 100 to 111: the next of a ring
  static constexpr int links = 12;
  static constexpr int first_list = 200;  ///< keys 200 to 205: lists that are appended to
  static constexpr int lists = 6;
  static constexpr int named_list = 300;  ///< appended to by named transactions, each of which may do so once
  static constexpr int first_ticket = 1000;
};

/// One transaction, as its client knows it.
struct noted_transaction {
  testing::list_transaction seen;   ///< of the last attempt
  std::vector<transaction_id> ids;  ///< of the attempts
  int ticket = 0;                   ///< the key that it writes its id to; 0: it only reads
  int life = 0;
  bool is_open = true;  ///< its client has not been told
};

/// What the clients of all lives were told: the judge of what a store may do. It is no part of the simulated world.
class store_book {
 public:
  using contents = std::map<int, std::vector<std::int64_t>>;
  using outcomes = std::function<std::optional<transaction_outcome>(const transaction_id&)>;

  // --- what clients note ---------------------------------------------------------------------------------------------
  noted_transaction& begin(int life, bool is_read_only);
  void committed(noted_transaction& of, const transaction_id& as);
  void aborted(noted_transaction& of);
  /// A number that no other transaction appends.
  std::int64_t next_value() { return ++last_value_; }
  /// This value is what the transaction with this name appends.
  void note_named(std::int64_t value, int name) { name_of_[value] = name; }
  /// Whoever runs that name is told the same.
  void name_acknowledged(int name, const transaction_id& id);
  void founded() { is_founded_ = true; }
  bool is_founded() const { return is_founded_; }

  // --- judging -------------------------------------------------------------------------------------------------------
  void begin_life(int number) {
    life_began_[number] = ++ticks_;
    present_life_ = number;
  }
  /// What all ranks together hold at the beginning of a life, and what it says of the transactions before.
  void judge(int life, const contents& all, const outcomes& outcome_of);
  void expect_sum(std::int64_t sum);
  /// After the last life, whose contents were judged last.
  void judge_history();
  const std::string& verdict() const { return wrong_; }
  void wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

 private:
  void judge_ticket(const noted_transaction& of, const contents& all, const outcomes& outcome_of);
  void judge_ring(const contents& all);
  void judge_names(const contents& all);

  std::deque<noted_transaction> all_;
  contents last_;
  std::map<std::int64_t, int> name_of_;
  std::map<int, transaction_id> named_;
  std::map<int, std::int64_t> life_began_;
  std::int64_t last_value_ = 0;
  std::int64_t ticks_ = 0;
  int present_life_ = 0;
  bool is_founded_ = false;
  std::string wrong_;
};

}  // namespace weft::seeds
