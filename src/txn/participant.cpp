// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/participant.hpp>

#include <array>
#include <cstddef>

#include <weft/core/planted_fault.hpp>

namespace weft::txn {

void participant::on_message(message_kind what, effects& out) {
  switch (what) {
    case message_kind::prepare:
      return on_prepare(false, out);
    case message_kind::prepare_listed:
      return on_prepare(true, out);
    case message_kind::commit_alone:
      return on_commit_alone(out);
    case message_kind::release:
      if (state_ != state::working) return;
      state_ = state::none;
      return out.call(upcall::release);
    case message_kind::commit:
      return on_commit(out);
    case message_kind::abort:
      return on_abort(false, out);
    case message_kind::abort_acknowledged:
      return on_abort(true, out);
    default:
      return;  // a coordinator's business
  }
}

void participant::on_prepare(bool listed, effects& out) {
  switch (state_) {
    case state::working:
      state_ = state::voting;
      listed_ = listed;
      return out.call(upcall::prepare);
    case state::none:  // given up, or its work was lost in a crash
    case state::aborting:
      return say(message_kind::vote_no, out);
    case state::prepared:
      return say(message_kind::vote_yes, out);
    default:
      return;
  }
}

void participant::on_commit_alone(effects& out) {
  if (state_ == state::working) {
    state_ = state::voting_alone;
    out.call(upcall::prepare);
  } else if (state_ == state::none) {
    say(message_kind::vote_no, out);
  } else if (state_ == state::committed) {
    say(message_kind::committed_alone, out);
  }
}

void participant::on_voted(vote what, effects& out) {
  if (state_ == state::voting_alone) return voted_alone(what, out);
  if (state_ != state::voting || what == vote::none) return;
  if (what == vote::no) {
    state_ = state::none;
    out.call(upcall::abort);
    return say(message_kind::vote_no, out);
  }
  if (what == vote::read_only && !listed_) {
    state_ = state::none;
    out.call(upcall::release);
    return say(message_kind::vote_read_only, out);
  }
  state_ = state::preparing;
  out.append(record_kind::prepared, true);
  if (WEFT_PLANTED("txn.vote_before_the_promise_is_durable")) say(message_kind::vote_yes, out);
}

void participant::voted_alone(vote what, effects& out) {
  if (what == vote::yes) {
    state_ = state::committing_alone;
    out.append(record_kind::committed, true);
    if (WEFT_PLANTED("txn.lone_answer_before_the_record_is_durable")) say(message_kind::committed_alone, out);
  } else if (what == vote::no) {
    state_ = state::none;
    out.call(upcall::abort);
    say(message_kind::vote_no, out);
  } else if (what == vote::read_only) {
    state_ = state::none;
    out.call(upcall::release);
    say(message_kind::committed_alone, out);
  }
}

void participant::on_durable(record_kind what, effects& out) {
  if (state_ == state::preparing && what == record_kind::prepared) {
    state_ = state::prepared;
    out.arm_timer = true;
    say(message_kind::vote_yes, out);
  } else if (state_ == state::committing && what == record_kind::committed) {
    state_ = listed_ ? state::committed : state::none;
    say(message_kind::acknowledge, out);
  } else if (state_ == state::committing_alone && what == record_kind::committed) {
    state_ = state::committed;
    out.call(upcall::commit);
    say(message_kind::committed_alone, out);
  } else if (state_ == state::aborting && what == record_kind::aborted) {
    state_ = state::none;
    say(message_kind::acknowledge, out);
  }
}

void participant::on_commit(effects& out) {
  if (state_ == state::prepared) {
    state_ = state::committing;
    out.append(record_kind::committed, false);
    out.call(upcall::commit);
  } else if (state_ == state::none || state_ == state::committed) {
    // Only a durable record lets a participant forget a promise, so that record is there.
    say(message_kind::acknowledge, out);
  }
}

void participant::on_abort(bool acknowledged, effects& out) {
  switch (state_) {
    case state::none:
      if (acknowledged) say(message_kind::acknowledge, out);
      return;
    case state::working:
    case state::voting:
      state_ = state::none;
      out.call(upcall::abort);
      if (acknowledged) say(message_kind::acknowledge, out);
      return;
    case state::preparing:
      WEFT_REACHED("txn.aborted_while_promising");
      [[fallthrough]];
    case state::prepared:
      state_ = acknowledged ? state::aborting : state::none;
      out.append(record_kind::aborted, false);
      return out.call(upcall::abort);
    default:
      return;
  }
}

void participant::on_deadline(effects& out) {
  if (state_ != state::working) return;
  state_ = state::none;
  out.call(upcall::abort);
}

void participant::on_timer(effects& out) {
  if (state_ != state::prepared) return;
  out.arm_timer = true;
  say(message_kind::inquire, out);
}

void participant::recover(record_kind last, bool listed, bool alone, effects& out) {
  listed_ = listed;
  if (last == record_kind::prepared) {
    state_ = state::prepared;
    out.call(upcall::recover);
    out.arm_timer = true;
    say(message_kind::inquire, out);
  } else if (last == record_kind::committed) {
    state_ = listed || alone ? state::committed : state::none;
    out.call(upcall::commit);
  } else {
    state_ = state::none;
  }
}

const char* name_of(participant::state what) noexcept {
  static constexpr std::array<const char*, 10> names{
      "none",       "working",  "voting",       "preparing",        "prepared",
      "committing", "aborting", "voting_alone", "committing_alone", "committed"};
  return names[static_cast<std::size_t>(what)];
}

}  // namespace weft::txn
