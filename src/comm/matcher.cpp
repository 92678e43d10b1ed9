// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/matcher.hpp>

#include <weft/async/frame_pool.hpp>
#include <weft/comm/receive.hpp>
#include <weft/core/bytes.hpp>
#include <weft/core/planted_fault.hpp>

namespace weft::detail {

namespace {

bool covers(int wanted, int found) noexcept { return wanted < 0 || wanted == found; }

/// Receives a message that nobody asked for, so that its sender can finish, and forgets it.
struct discard_operation final : value_operation<void> {
  explicit discard_operation(loop& on) : value_operation<void>(on, kind, {}) {}
  static void complete(operation& self, const completion&) noexcept { self.succeed(); }
  static withdrawal withdraw(operation&) noexcept { return withdrawal::impossible; }
  static constexpr operation::type kind{"discard", complete, withdraw, destroy_operation<discard_operation>,
                                        drop_policy::park};
  byte_buffer payload;
};

void discard(loop& on, const matched_message& message) {
  auto* op = make_operation<discard_operation>(on);
  completion now;
  try {
    op->payload.resize(static_cast<std::size_t>(message.bytes));
    op->number = on.transport().imrecv(message, op->payload.data(), message.bytes, datatype_of<std::byte>, op, now);
    if (op->number == op_number::completed) op->succeed();
  } catch (...) {
    op->cancelled();
  }
  op->drop();
}

}  // namespace

matcher::~matcher() {
  if (is_source_) loop_.remove_source(*this);
  while (first_kept_ != nullptr) discard(loop_, take_kept(*first_kept_));
}

bool matcher::claim_other_slot(posted_receive& receive) noexcept {
  const auto is_key = [&receive](const direct_key& slot) {
    return slot.source == receive.source && slot.tag == receive.tag;
  };
  std::size_t free = direct_keys;
  std::size_t at = 0;
  for (; at < used_slots_ && !is_key(slots_[at]); ++at) {
    if (slots_[at].count == 0) free = at;
  }
  if (at == used_slots_) {
    if (free == direct_keys && used_slots_ < direct_keys) free = used_slots_++;
    if (free == direct_keys) return false;
    at = free;
    slots_[at] = {receive.source, receive.tag, 0};
  }
  last_slot_ = at;
  take_last_slot(receive);
  return true;
}

void matcher::post_slowly(posted_receive& receive, int looks) {
  if (receive.make_room == nullptr) {
    if (post_unless_direct(receive)) post_direct(receive);
    return;
  }
  matched_message found;
  if (take_message(receive.source, receive.tag, looks, found)) return receive_into(receive, found);
  insert(receive);
}

bool matcher::take_message(int source, int tag, int looks, matched_message& found) {
  if (kept_message* kept = find_kept(source, tag); kept != nullptr) {
    found = take_kept(*kept);
    return true;
  }
  if (overlaps_table(source, tag)) return false;
  for (; looks > 0; --looks) {
    if (loop_.transport().improbe({comm_, source, tag}, found)) return true;
  }
  return false;
}

bool matcher::post_unless_direct(posted_receive& receive) {
  if (kept_message* kept = find_kept(receive.source, receive.tag); kept != nullptr) {
    receive_into(receive, take_kept(*kept));
    return false;
  }
  if (!overlaps_table(receive.source, receive.tag) && claim_slot(receive)) {
    receive.where = posted_receive::place::direct;
    return true;
  }
  insert(receive);
  return false;
}

bool matcher::overlaps_table(int source, int tag) const noexcept {
  if (table_.empty()) return false;
  // Which entries a wildcard overlaps would take a search; the table is always right.
  if ((source == any_source || tag == any_tag) && !WEFT_PLANTED("matching.wildcard_overtakes_the_table")) return true;
  return find_receive(source, tag) != nullptr;
}

void matcher::insert(posted_receive& receive) {
  if (!is_source_) {
    loop_.add_source(*this);
    is_source_ = true;
  }
  if (table_.empty()) {
    filter_ = {comm_, receive.source, receive.tag};
  } else if (filter_.peer != receive.source) {
    filter_ = {comm_, any_source, any_tag};
  } else if (filter_.tag != receive.tag && !WEFT_PLANTED("matching.probe_looks_for_one_tag")) {
    filter_.tag = any_tag;
  }
  table_.push_back(receive);
  receive.order = next_order_++;
  receive.where = posted_receive::place::table;
  if (receive.source == any_source) {
    ++(receive.tag == any_tag ? any_any_count_ : any_source_count_);
  } else if (receive.tag == any_tag) {
    ++any_tag_count_;
  }
}

void matcher::erase(posted_receive& receive) noexcept {
  table_.remove(receive);
  receive.where = posted_receive::place::nowhere;
  if (receive.source == any_source) {
    --(receive.tag == any_tag ? any_any_count_ : any_source_count_);
  } else if (receive.tag == any_tag) {
    --any_tag_count_;
  }
}

posted_receive* matcher::find_receive(int source, int tag) const noexcept {
  posted_receive* oldest = table_.first(source, tag);
  const auto consider = [&](std::size_t count, int s, int t) {
    if (count == 0) return;
    posted_receive* other = table_.first(s, t);
    if (other != nullptr &&
        (oldest == nullptr || other->order < oldest->order || WEFT_PLANTED("matching.younger_wildcard_comes_first")))
      oldest = other;
  };
  consider(any_source_count_, any_source, tag);
  consider(any_tag_count_, source, any_tag);
  consider(any_any_count_, any_source, any_tag);
  return oldest;
}

bool matcher::poll() {
  int found_count = 0;
  matched_message found;
  while (!table_.empty() && found_count < poll_budget && loop_.transport().improbe(filter_, found)) {
    ++found_count;
    deliver(found);
  }
  return found_count > 0;
}

void matcher::deliver(const matched_message& message) {
  posted_receive* receive = find_receive(message.source, message.tag);
  if (receive == nullptr) return keep(message);
  erase(*receive);
  receive_into(*receive, message);
}

void matcher::receive_into(posted_receive& receive, const matched_message& message) noexcept {
  operation& op = *receive.op;
  receive.where = posted_receive::place::matched;
  receive.message_bytes = message.bytes;
  op.peer_ = message.source;
  op.tag_ = message.tag;
  completion now;
  try {
    check_message(receive, message);
    if (receive.make_room != nullptr) receive.make_room(receive, message.bytes);
  } catch (...) {
    receive.rejection = std::current_exception();
  }
  try {
    // A message that cannot be received is consumed all the same.
    const bool fits = !receive.rejection;
    op.number = loop_.transport().imrecv(message, fits ? receive.buffer : nullptr, fits ? receive.count : 0,
                                         fits ? *receive.type : datatype_of<std::byte>, &op, now);
    if (op.number == op_number::completed) op.kind().complete(op, now);
  } catch (...) {
    leave(receive);
    op.fail(std::current_exception());
  }
}

withdrawal matcher::withdraw(posted_receive& receive) noexcept {
  operation& op = *receive.op;
  if (receive.where == posted_receive::place::table) {
    erase(receive);
    op.cancelled();
    return withdrawal::withdrawn;
  }
  // One whose message was found can no longer be withdrawn: the transport waits for the message's body.
  completion now;
  if (loop_.transport().cancel_recv(op.number, now) || WEFT_PLANTED("matching.withdrawn_too_late")) {
    leave(receive);
    op.cancelled();
    return withdrawal::withdrawn;
  }
  WEFT_REACHED("matching.withdrawn_too_late");
  op.kind().complete(op, now);
  return withdrawal::too_late;
}

bool matcher::iprobe(int source, int tag, matched_message& found) {
  for (;;) {
    if (kept_message* kept = find_kept(source, tag); kept != nullptr) {
      found = kept->message;
      return true;
    }
    if (!overlaps_table(source, tag) || WEFT_PLANTED("matching.probe_passes_the_table"))
      return loop_.transport().iprobe({comm_, source, tag}, found);
    // What a receive in the table takes is not there for a probe. All tags: see `keep`.
    if (!loop_.transport().improbe(
            {comm_, source, WEFT_PLANTED("matching.probe_keeps_a_younger_message") ? tag : any_tag}, found))
      return false;
    deliver(found);
  }
}

matcher::kept_message* matcher::find_kept(int source, int tag) const noexcept {
  if (kept_.empty()) return nullptr;
  if (source != any_source && tag != any_tag) return kept_.first(source, tag);
  for (kept_message* kept = first_kept_; kept != nullptr; kept = kept->later) {
    if (covers(source, kept->source) && covers(tag, kept->tag)) return kept;
  }
  return nullptr;
}

// Of each sender, the kept messages are older than those still in the transport: a message that may have to be kept is
// looked for with all tags, so that it is its sender's oldest.
void matcher::keep(const matched_message& message) {
  WEFT_REACHED("matching.message_is_kept");
  auto* kept = ::new (frame_pool::allocate(sizeof(kept_message))) kept_message;
  kept->source = message.source;
  kept->tag = message.tag;
  kept->message = message;
  kept->earlier = last_kept_;
  (last_kept_ != nullptr ? last_kept_->later : first_kept_) = kept;
  last_kept_ = kept;
  kept_.push_back(*kept);
}

matched_message matcher::take_kept(kept_message& kept) noexcept {
  WEFT_REACHED("matching.kept_message_is_received");
  kept_.remove(kept);
  (kept.earlier != nullptr ? kept.earlier->later : first_kept_) = kept.later;
  (kept.later != nullptr ? kept.later->earlier : last_kept_) = kept.earlier;
  const matched_message message = kept.message;
  frame_pool::release(&kept, sizeof(kept_message));
  return message;
}

}  // namespace weft::detail
