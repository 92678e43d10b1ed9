// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <weft/txn/protocol.hpp>

namespace weft::txn {

/// One transaction, seen by one of the resources that it touches. A participant that is default constructed stands for
/// every transaction that this resource knows nothing of.
class participant {
 public:
  enum class state : std::uint8_t {
    none,              ///< nothing is known, nothing is held
    working,           ///< locks may be held; may still refuse, or give up
    voting,            ///< the resource is asked
    preparing,         ///< its promise is on its way to disk
    prepared,          ///< in doubt: only the coordinator, or a restart, can end it
    committing,        ///< applied; the record is on its way to disk
    aborting,          ///< discarded; the record is on its way to disk, and the coordinator waits for it
    voting_alone,      ///< as `voting`, and the answer is the decision
    committing_alone,  ///< its own decision is on its way to disk
    committed,         ///< kept until the transaction is finished everywhere
  };

  /// The first operation of the transaction has come.
  void begin_work() noexcept {
    if (state_ == state::none) state_ = state::working;
  }
  void on_message(message_kind what, effects& out);
  /// The answer of the resource to `upcall::prepare`.
  void on_voted(vote what, effects& out);
  void on_durable(record_kind what, effects& out);
  /// The coordinator has not been heard of for long. Once a vote may have left, that is no reason to give up.
  void on_deadline(effects& out);
  void on_timer(effects& out);
  /// Every participant's record of the outcome is durable, or nobody will ask for it again.
  void on_finished() noexcept {
    if (state_ == state::committed) state_ = state::none;
  }
  /// After a restart: the last record of this transaction. `listed`: its `prepared` record came under the implicit
  /// rule; `alone`: it has committed without any. Under the implicit rule a restart resolves what is prepared first.
  void recover(record_kind last, bool listed, bool alone, effects& out);

  state now() const noexcept { return state_; }
  bool is_listed() const noexcept { return listed_; }
  /// Whether a restart needs this transaction's records.
  bool needs_records() const noexcept { return state_ >= state::preparing && state_ != state::voting_alone; }

 private:
  void on_prepare(bool listed, effects& out);
  void on_commit(effects& out);
  void on_commit_alone(effects& out);
  void on_abort(bool acknowledged, effects& out);
  void voted_alone(vote what, effects& out);
  void say(message_kind what, effects& out) { out.send(0, what); }

  state state_ = state::none;
  bool listed_ = false;
};

const char* name_of(participant::state what) noexcept;

}  // namespace weft::txn
