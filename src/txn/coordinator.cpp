// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/coordinator.hpp>

#include <algorithm>
#include <array>

#include <weft/core/planted_fault.hpp>

namespace weft::txn {

void coordinator::commit(std::span<const member_role> members, bool wrote_here, effects& out) {
  if (state_ != state::idle) return;
  wrote_here_ = wrote_here;
  members_.resize(members.size());
  std::uint32_t alone = 0;
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    members_[i].role = members[i];
    // Under the implicit rule whoever may refuse has to be in the list, and so has to leave a record.
    if (rule_ == decision_rule::implicit && members[i] == member_role::reader) members_[i].role = member_role::voter;
    if (!is_asked(members_[i])) continue;
    ++due_;
    alone = i;
  }
  if (due_ == 0) return all_voted(out);
  if (due_ == 1 && !wrote_here && members_[alone].role == member_role::voter) {
    state_ = state::alone;
    out.send(alone, message_kind::commit_alone);
    out.arm_timer = true;
    return;
  }
  state_ = state::collecting;
  const auto ask = rule_ == decision_rule::implicit ? message_kind::prepare_listed : message_kind::prepare;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (is_asked(members_[i])) out.send(i, ask);
  }
}

void coordinator::abandon(std::uint32_t members, effects& out) {
  if (state_ != state::idle) return;
  for (std::uint32_t i = 0; i < members; ++i) out.send(i, message_kind::abort);
  out.call(upcall::abort);
  out.call(upcall::tell_aborted);
  state_ = state::none;
}

void coordinator::on_message(std::uint32_t from, message_kind what, effects& out) {
  // Whoever asks about a transaction that nothing is known of has not committed it: silence means abort.
  if (state_ == state::none || from >= members_.size()) {
    if (what == message_kind::vote_yes || what == message_kind::inquire) out.send(from, message_kind::abort);
    return;
  }
  member& m = members_[from];
  switch (state_) {
    case state::collecting:
      // An inquiry gets no answer here: aborting the one who asks would break what it has promised.
      return take_vote(m, what, out);
    case state::alone:
      return take_answer_alone(what, out);
    case state::forcing_abort:
      if (what == message_kind::vote_no) m.vote = vote::no;
      return;
    case state::committing:
      if (what == message_kind::acknowledge) return acknowledged(m, out);
      if (what == message_kind::inquire) out.send(from, message_kind::commit);
      return;
    case state::aborting:
      if (what == message_kind::acknowledge) return acknowledged(m, out);
      if (what == message_kind::inquire || what == message_kind::vote_yes)
        out.send(from, message_kind::abort_acknowledged);
      return;
    default:
      return;
  }
}

void coordinator::take_vote(member& from, message_kind what, effects& out) {
  if (!is_asked(from) || from.vote != vote::none) return;
  if (what == message_kind::vote_no) {
    from.vote = vote::no;
    return abort_now(out);
  }
  // A listed participant leaves a record even if it wrote nothing; one that says otherwise is waited for in vain.
  const bool is_read_only = what == message_kind::vote_read_only && rule_ == decision_rule::explicit_record;
  if (what != message_kind::vote_yes && !is_read_only) return;
  from.vote = is_read_only ? vote::read_only : vote::yes;
  if (--due_ == 0 || WEFT_PLANTED("txn.first_vote_decides")) all_voted(out);
}

/// All locks are held everywhere, so those of readers may go.
void coordinator::all_voted(effects& out) {
  tell_holders(message_kind::release, out);
  const bool has_voters =
      std::any_of(members_.begin(), members_.end(), [](const member& m) { return m.vote == vote::yes; });
  const bool needs_record = wrote_here_ || (has_voters && rule_ == decision_rule::explicit_record);
  if (needs_record && !WEFT_PLANTED("txn.decision_is_not_written")) {
    state_ = state::forcing_commit;
    out.append(record_kind::committed, true);
  } else {
    decide(out);
  }
}

void coordinator::decide(effects& out) {
  state_ = state::committing;
  out.call(upcall::commit);
  out.call(upcall::tell_committed);
  due_ = 0;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (members_[i].vote != vote::yes) continue;
    members_[i].is_awaited = true;
    ++due_;
    out.send(i, message_kind::commit);
  }
  if (due_ == 0) {
    state_ = state::none;
  } else {
    out.arm_timer = true;
  }
}

/// Somebody refused: it never leaves a `prepared` record, so nothing has to be written.
void coordinator::abort_now(effects& out) {
  state_ = state::none;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (members_[i].vote != vote::no && members_[i].vote != vote::read_only) out.send(i, message_kind::abort);
  }
  out.call(upcall::abort);
  out.call(upcall::tell_aborted);
}

void coordinator::take_answer_alone(message_kind what, effects& out) {
  if (what == message_kind::committed_alone) {
    tell_holders(message_kind::release, out);
    out.call(upcall::commit);
    out.call(upcall::tell_committed);
  } else if (what == message_kind::vote_no) {
    tell_holders(message_kind::abort, out);
    out.call(upcall::abort);
    out.call(upcall::tell_aborted);
  } else {
    return;
  }
  state_ = state::none;
}

void coordinator::on_durable(record_kind what, effects& out) {
  if (state_ == state::forcing_commit && what == record_kind::committed) return decide(out);
  if (state_ != state::forcing_abort || what != record_kind::aborted) return;
  state_ = state::aborting;
  due_ = 0;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    member& m = members_[i];
    if (!is_asked(m)) {
      out.send(i, message_kind::abort);
    } else if (m.vote != vote::no) {
      m.is_awaited = true;
      ++due_;
      out.send(i, message_kind::abort_acknowledged);
    }
  }
  out.call(upcall::abort);
  out.call(upcall::tell_aborted);
  if (due_ == 0) {
    state_ = state::none;
  } else {
    out.arm_timer = true;
  }
}

void coordinator::on_deadline(effects& out) {
  if (state_ != state::collecting) return;
  WEFT_REACHED("txn.deadline_while_votes_are_awaited");
  if (rule_ == decision_rule::explicit_record || WEFT_PLANTED("txn.deadline_is_told_at_once")) return abort_now(out);
  // The votes that are missing may be durable by now, and then a restart would commit.
  state_ = state::forcing_abort;
  out.append(record_kind::aborted, true);
}

void coordinator::acknowledged(member& from, effects& out) {
  if (!from.is_awaited) return;
  from.is_awaited = false;
  if (--due_ > 0) return;
  if (rule_ == decision_rule::explicit_record) out.append(record_kind::ended, false);
  state_ = state::none;
}

void coordinator::on_timer(effects& out) {
  if (state_ == state::alone) {
    for (std::uint32_t i = 0; i < members_.size(); ++i) {
      if (is_asked(members_[i])) out.send(i, message_kind::commit_alone);
    }
    out.arm_timer = true;
  } else if (state_ == state::committing || state_ == state::aborting) {
    tell_again(out);
  }
}

void coordinator::tell_again(effects& out) {
  const auto what = state_ == state::committing ? message_kind::commit : message_kind::abort_acknowledged;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (members_[i].is_awaited) out.send(i, what);
  }
  out.arm_timer = true;
}

void coordinator::tell_holders(message_kind what, effects& out) {
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (!is_asked(members_[i])) out.send(i, what);
  }
}

void coordinator::recover(std::uint32_t voters, effects& out) {
  rule_ = decision_rule::explicit_record;
  due_ = voters;
  members_.assign(voters, {member_role::voter, vote::yes, true});
  state_ = voters == 0 ? state::none : state::committing;
  out.call(upcall::commit);
  if (voters > 0) tell_again(out);
}

const char* name_of(coordinator::state what) noexcept {
  static constexpr std::array<const char*, 8> names{"idle",       "collecting",    "alone",    "forcing_commit",
                                                    "committing", "forcing_abort", "aborting", "none"};
  return names[static_cast<std::size_t>(what)];
}

}  // namespace weft::txn
