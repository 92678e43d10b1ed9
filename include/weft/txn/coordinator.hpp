// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weft/txn/protocol.hpp>

namespace weft::txn {

/// How a participant takes part.
enum class member_role : std::uint8_t {
  voter,   ///< may have written, and may refuse
  reader,  ///< wrote nothing, as far as the coordinator knows, and may refuse; asked only when all locks are held
  holder,  ///< wrote nothing and holds its locks until it is told: is not asked, only released
};

/// One transaction, seen by the rank that its body runs on. A coordinator that is default constructed stands for every
/// transaction that this rank knows nothing of: it is not kept, and answers as presumed abort wants.
class coordinator {
 public:
  enum class state : std::uint8_t {
    idle,            ///< the body runs
    collecting,      ///< votes are awaited
    alone,           ///< the only participant decides
    forcing_commit,  ///< the decision is on its way to disk: too late to abort
    committing,      ///< decided; acknowledgements are awaited
    forcing_abort,   ///< implicit rule only: nobody may be told before the record is durable
    aborting,        ///< as `committing`
    none,            ///< nothing is to be kept
  };
  struct member {
    member_role role = member_role::voter;
    txn::vote vote = txn::vote::none;
    bool is_awaited = false;  ///< its acknowledgement
    friend bool operator==(const member&, const member&) = default;
  };

  coordinator() noexcept = default;
  explicit coordinator(decision_rule rule) noexcept : rule_(rule), state_(state::idle) {}

  /// The client wants to commit. `wrote_here`: this rank's own partition has writes that are no member's; its vote is
  /// yes, and they go with the `committed` record. Under the implicit rule they are a member, except when there is no
  /// other.
  void commit(std::span<const member_role> members, bool wrote_here, effects& out);
  /// The client gives up before it has asked to commit: `members` participants have worked for it.
  void abandon(std::uint32_t members, effects& out);
  void on_message(std::uint32_t from, message_kind what, effects& out);
  void on_durable(record_kind what, effects& out);
  /// The client's deadline, or its wish to abort after all.
  void on_deadline(effects& out);
  void on_timer(effects& out);
  /// Explicit rule, after a restart: the journal has a `committed` record with this many voters and no `ended`.
  void recover(std::uint32_t voters, effects& out);

  state now() const noexcept { return state_; }
  std::span<const member> members() const noexcept { return members_; }
  /// Whether the client may still be told that it has aborted.
  bool may_abort() const noexcept { return state_ == state::idle || state_ == state::collecting; }

 private:
  void take_vote(member& from, message_kind what, effects& out);
  void all_voted(effects& out);
  void decide(effects& out);
  void abort_now(effects& out);
  void take_answer_alone(message_kind what, effects& out);
  void acknowledged(member& from, effects& out);
  void tell_again(effects& out);
  void tell_holders(message_kind what, effects& out);
  bool is_asked(const member& m) const noexcept { return m.role != member_role::holder; }

  std::vector<member> members_;
  std::uint32_t due_ = 0;  ///< votes or acknowledgements
  decision_rule rule_ = decision_rule::explicit_record;
  state state_ = state::none;
  bool wrote_here_ = false;
};

const char* name_of(coordinator::state what) noexcept;

}  // namespace weft::txn
