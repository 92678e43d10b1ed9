// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <weft/txn/lock_table.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/txn/outcomes.hpp>
#include <weft/txn/participant.hpp>
#include <weft/txn/partition.hpp>
#include <weft/txn/site.hpp>
#include <weft/txn/works.hpp>

namespace weft::txn {

/// The participants of one rank: what transactions of any rank do to its partition. Runs `participant` for each,
/// takes their locks, answers their reads, keeps and applies what they write.
class resource_manager {
 public:
  /// `outcomes`: is told of what is committed here; may be null.
  /// `beside`: the participants beside the store; may be null.
  resource_manager(site& around, partition& data, lock_policy policy, int ranks, outcome_table* outcomes,
                   participants* beside = nullptr);

  void on_message(int from, wire&& message);
  void on_durable(const transaction_id& id, record_kind what);
  /// The coordinator is on this rank, and its record has decided about what `secure` keeps.
  void commit_here(const transaction_id& id);
  /// What it keeps; null if nothing is known of the transaction here.
  const entries* writes_of(const transaction_id& id) const {
    const auto found = works_.find(id);
    return found == works_.end() ? nullptr : &found->second.writes;
  }
  /// Goes on with requests whose locks have come. Returns whether there were any.
  bool go_on();

  /// Calls `visit(record, redo)` with what a restart needs of the transactions that are under way; `redo` may be null.
  template <class Visit>
  void for_each_needed(Visit&& visit) const {
    for (const auto& [id, of] : works_) {
      if (!of.core.needs_records()) continue;
      const record head = needed_record(id, of);
      if (head.kind == record_kind::prepared) {
        WEFT_REACHED("txn.promise_in_a_snapshot");
        if (WEFT_PLANTED("txn.snapshot_forgets_promises")) continue;
      }
      const bool is_applied = head.kind == record_kind::aborted || head.is_applied;
      visit(head, is_applied ? nullptr : &of.writes);
    }
  }

  /// Under `timeout`: refuses the requests that were waiting when this was called before.
  void refuse_patient();
  bool has_waiting() const noexcept { return !waiting_.empty(); }

  std::size_t open() const noexcept { return works_.size(); }
  const lock_table& locks() const noexcept { return locks_; }

 private:
  /// A transaction that has come here.
  struct work {
    participant core;
    int coordinator = 0;
    lock_table::owner_id owner = 0;
    lock_age age;
    entries writes;  ///< of functions that have run, then of the promise
    entries asked;   ///< what is to be promised, until the locks are there
    std::vector<call> calls;               ///< likewise
    std::vector<remote_failure> failure;   ///< why it is refused, if a function threw
    std::vector<std::uint32_t> voters;
    std::vector<std::uint64_t> waiting;  ///< tickets of its requests
    bool is_wounded = false;
    bool has_prepared_works = false;  ///< of participants beside the store

    /// As new, but for the memory of what it wrote.
    void clear() {
      core = participant();
      age = {};
      writes.keys.clear();
      writes.values.clear();
      asked = {};
      calls.clear();
      failure.clear();
      voters.clear();
      waiting.clear();
      is_wounded = false;
      has_prepared_works = false;
    }
  };
  using works = std::unordered_map<transaction_id, work>;
  enum class purpose : std::uint8_t { read, call, take, secure, prepare };
  /// Keys to be locked one after the other, those of the functions first, and what for.
  struct request {
    transaction_id id;
    purpose what = purpose::read;
    lock_mode mode = lock_mode::shared;
    std::uint32_t ticket = 0;
    bool is_patient = false;
    std::size_t next = 0;
    std::vector<txn::call> calls;
    entries data;

    std::size_t size() const noexcept { return calls.size() + data.keys.size(); }
    const std::string& key(std::size_t i) const {
      return i < calls.size() ? calls[i].key : data.keys[i - calls.size()];
    }
    lock_mode mode_at(std::size_t i) const { return i < calls.size() ? calls[i].mode : mode; }
  };

  work& open(int from, const wire& message);
  work& fresh(const transaction_id& id);
  void drop(works::iterator at);
  void on_request(int from, wire&& message);
  void on_protocol(int from, wire&& message);
  void take_locks(request&& what);
  void locked(request&& what);
  void written(request&& what, bool is_good);
  void prepare_works(request&& what);
  void take_item(request&& what);
  void read(const work& of, const request& what, wire& answer) const;
  call_answer run_at(work& of, const call& what);
  bool write(work& of, request& what);
  void refuse(request&& what);
  void wound(transaction_id id);
  void voted(const transaction_id& id, vote what);
  void act(const transaction_id& id, work& of, effects& what);
  static record needed_record(const transaction_id& id, const work& of);
  void append(const transaction_id& id, const work& of, const effects& what);
  void make_calls(const transaction_id& id, work& of, const effects& what);
  void free_locks(work& of);
  void forget_finished(int coordinator, std::uint64_t below);
  void send(const transaction_id& id, const work& to, message_kind what);

  site& around_;
  partition& data_;
  outcome_table* outcomes_;
  participants* beside_;
  lock_table locks_;
  works works_;
  static constexpr std::size_t most_spare = 4096;
  std::vector<works::node_type> spare_;  ///< memory of works that are over
  std::unordered_map<lock_table::owner_id, transaction_id> owners_;  ///< under `wound_wait`
  std::unordered_map<std::uint64_t, request> waiting_;  ///< by ticket of the lock table
  std::vector<std::deque<transaction_id>> kept_;        ///< by coordinator: committed, and not finished everywhere
  lock_table::owner_id last_owner_ = 0;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace weft::txn
