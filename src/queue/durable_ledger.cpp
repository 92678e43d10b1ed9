// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/durable_ledger.hpp>

#include <weft/core/planted_fault.hpp>

#include <algorithm>
#include <array>

#include "durable_records.hpp"

namespace weft::detail {

namespace records = durable_format;

void throw_not_open(source_location where) {
  throw usage_error("a durable_queue was used before open() on this rank, or after it failed", where);
}

void throw_wrong_value(std::size_t bytes, std::size_t left) {
  throw decode_error("an item of a durable queue has " + std::to_string(bytes) + " bytes, " + std::to_string(left) +
                     " more than its type takes: was it another program's?");
}

durable_ledger::durable_ledger(context& ctx, std::string folder, durable_options options, durable_owner& owner)
    : ctx_(ctx),
      path_(std::move(folder)),
      options_(options),
      owner_(owner),
      delayed_(ctx.loop()),
      done_port_(ctx, done_receiver{this}, port_options{.name = "durable_queue done", .protocol = true}),
      settled_port_(ctx, settled_receiver{this}, port_options{.name = "durable_queue settled", .protocol = true}) {
  ctx.loop().add_source(*this);
}

durable_ledger::~durable_ledger() { ctx_.loop().remove_source(*this); }

// --- what the owner asks for -----------------------------------------------------------------------------------------

void durable_ledger::add(const item_tag& tag, const put_options& how, std::span<const std::byte> value) {
  durable_record item;
  const auto me = static_cast<std::uint32_t>(ctx_.rank());
  item.header = {{folder_->run().epoch, me, ++last_number_}, me, 0};
  item.tag = tag;
  item.rank = how.where == placement::anywhere || how.rank >= 0 ? how.rank : ctx_.rank();
  if (how.delay > duration::zero()) item.due = due_after(how.delay);
  const std::size_t out = owner_.queued() + releasing_.size() + putting_.size();
  const bool has_room = tag.priority > 0 || (backlog_.empty() && out < options_.window);
  item.is_released = has_room && item.due == wall_time{} && !owner_.is_over();
  item.value.append(value.data(), value.size());
  records::encode(item, payload_);
  putting_.push_back(&remember(std::move(item)));
}

journal_position durable_ledger::put() {
  if (putting_.empty()) return log_->durable();
  const journal_position end = log_->append(records::items_type, payload_.bytes());
  for (durable_record* item : putting_) {
    if (item->is_released) {
      releasing_.push_back({end, item});
    } else {
      keep(*item);
    }
  }
  put_ += putting_.size();
  putting_.clear();
  payload_.clear();
  is_busy_ = true;
  ctx_.loop().note_work();
  return end;
}

std::size_t durable_ledger::drop_added() noexcept {
  const std::size_t count = putting_.size();
  for (const durable_record* item : putting_) forget(item->header.id);
  putting_.clear();
  payload_.clear();
  return count;
}

void durable_ledger::acknowledge(const durable_header& header) {
  const int home = static_cast<int>(header.home);
  account& with = accounts_[home];
  ++with.told;
  ctx_.loop().note_work();
  if (home == ctx_.rank()) return note_done(home, header.id);
  if (with.unsent.empty()) unsent_.push_back(home);
  with.unsent.push_back(header.id);
}

future<void> durable_ledger::flush(source_location where) {
  auto* op = make_operation<flush_operation>(ctx_.loop(), flush_kind, where);
  op->position = log_->end();
  for (const auto& [home, with] : accounts_) {
    if (with.told > with.settled) op->settled.emplace_back(home, with.told);
  }
  if (is_flushed(*op)) {
    op->succeed();
  } else {
    flushing_.push(*op);
  }
  return future<void>(op);
}

bool durable_ledger::is_flushed(const flush_wait& wait) const noexcept {
  if (log_->durable() < wait.position) return false;
  return std::all_of(wait.settled.begin(), wait.settled.end(), [this](const auto& each) {
    return accounts_.at(each.first).settled >= (WEFT_PLANTED("leases.flush_waits_for_one_item") ? 1 : each.second);
  });
}

void durable_ledger::let_flushers_go() {
  for (auto* at = flushing_.front(); at != nullptr;) {
    auto& op = static_cast<flush_operation&>(*at);
    at = at->next;
    if (!is_flushed(op)) continue;
    flushing_.remove(op);
    op.succeed();
  }
}

// --- the items that have their home here -----------------------------------------------------------------------------

durable_record& durable_ledger::remember(durable_record&& item) {
  item_bytes_ += item.value.size();
  const durable_id id = item.header.id;
  return items_.insert_or_assign(id, std::move(item)).first->second;
}

bool durable_ledger::forget(const durable_id& id) noexcept {
  const auto found = items_.find(id);
  if (found == items_.end()) return false;
  item_bytes_ -= found->second.value.size();
  items_.erase(found);
  return true;
}

void durable_ledger::note_done(int holder, const durable_id& id) {
  const auto found = items_.find(id);
  if (found == items_.end()) throw error("an item of a durable queue was acknowledged twice");
  if (found->second.tag.submission != 0) answered_.push_back(found->second.tag.submission);
  forget(id);
  done_.push_back(id);
  ++done_by_[holder];
  is_busy_ = true;
}

void durable_ledger::on_done(int from, const std::vector<durable_id>& done) {
  for (const durable_id& id : done) note_done(from, id);
}

void durable_ledger::on_settled(int home, std::uint64_t count) {
  accounts_[home].settled += count;
  owner_.on_settled(count);
  let_flushers_go();
}

// --- writing ---------------------------------------------------------------------------------------------------------

bool durable_ledger::poll() { return step(); }

bool durable_ledger::step() {
  if (!is_open_) return false;
  if (!unsent_.empty()) send_done();
  if (!done_.empty()) write_done();
  if (owner_.is_over()) leave_the_rest();
  if (delayed_.is_due()) take_due();
  if (!backlog_.empty()) release_more();
  owner_.on_step();
  return is_busy_ && poll_journal();
}

void durable_ledger::send_done() {
  for (const int home : std::exchange(unsent_, {})) {
    done_port_.post(home, accounts_[home].unsent);
    accounts_[home].unsent.clear();
  }
}

void durable_ledger::write_done() {
  records::append_ids(*log_, records::done_type, done_, numbers_);
  done_.clear();
  for (auto& [holder, count] : done_by_) {
    if (count > 0) acknowledging_.push_back({log_->end(), holder, std::exchange(count, 0)});
  }
  for (const std::uint64_t submission : answered_) answering_.push_back({log_->end(), submission});
  answered_.clear();
}

wall_time durable_ledger::due_after(duration delay) const {
  const wall_time now = ctx_.host().wall_now();
  return delay > wall_time::max() - now ? wall_time::max() : now + delay;
}

/// Until it is due, and then until there is room in the window.
void durable_ledger::keep(durable_record& item) {
  const duration left = item.due == wall_time{} ? duration::zero() : item.due - ctx_.host().wall_now();
  if (left <= duration::zero()) return backlog_.push_back(&item);
  delayed_.add(&item, saturating_add(ctx_.loop().now(), left));
}

void durable_ledger::take_due() {
  WEFT_REACHED("leases.delayed_item_is_due");
  std::vector<durable_record*> urgent;
  delayed_.take_due([this, &urgent](durable_record* item) {
    if (item->tag.priority > 0) {
      urgent.push_back(item);
    } else {
      backlog_.push_back(item);
    }
  });
  if (!urgent.empty()) release(urgent);
}

/// Once half of the window has been taken, so that one record names many.
void durable_ledger::release_more() {
  const std::size_t out = owner_.queued() + releasing_.size();
  if (out > options_.window / 2) return;
  std::vector<durable_record*> items;
  for (; !backlog_.empty() && out + items.size() < std::max<std::size_t>(options_.window, 1); backlog_.pop_front())
    items.push_back(backlog_.front());
  WEFT_REACHED("leases.backlog_is_released");
  release(items);
}

void durable_ledger::release(std::span<durable_record* const> items) {
  std::vector<durable_id> ids;
  for (durable_record* item : items) {
    item->is_released = true;
    ids.push_back(item->header.id);
  }
  records::append_ids(*log_, records::released_type, ids, numbers_);
  for (const durable_record* item : items) releasing_.push_back({log_->end(), item});
  is_busy_ = true;
}

/// This job hands nothing more out, so nothing more counts as tried.
void durable_ledger::leave_the_rest() {
  const std::size_t left = backlog_.size() + delayed_.size();
  if (left == 0) return;
  backlog_.clear();
  delayed_.drop_if([](const durable_record*) { return true; });
  owner_.on_left(left);
}

/// What is appended while a force is under way is written when it ends, all at once.
bool durable_ledger::poll_journal() {
  if (log_->is_forcing() && !log_->wants_poll()) return false;
  try {
    const journal_position written = log_->written();
    const journal_position durable = log_->durable();
    compact_if_due();
    is_busy_ = log_->poll();
    ctx_.loop().note_outside_work();  // it may have begun a force
    return log_->written() != written || log_->durable() != durable || log_->wants_poll();
  } catch (...) {
    is_open_ = false;
    ctx_.loop().fail(std::current_exception());
    return true;
  }
}

void durable_ledger::compact_if_due() {
  const std::uint64_t due = std::max<std::uint64_t>(options_.compact_bytes, 2 * item_bytes_);
  if (log_->compacting() || log_->bytes_since_snapshot() < due) return;
  WEFT_REACHED("leases.journal_is_compacted");
  log_->compact([this](journal& to) { write_snapshot(to); });
}

/// In the order in which they were put, which is the order of the next job.
void durable_ledger::write_snapshot(journal& to) const {
  std::vector<const durable_record*> all;
  all.reserve(items_.size());
  for (const auto& each : items_) all.push_back(&each.second);
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->header.id < b->header.id; });
  to.append(records::total_type, std::as_bytes(std::span(&put_, 1)));
  byte_buffer payload;
  for (const durable_record* item : all) {
    payload.clear();
    records::encode(*item, payload);
    to.append(records::items_type, payload.bytes());
  }
}

// --- what has become durable -----------------------------------------------------------------------------------------

void durable_ledger::on_durable() noexcept {
  is_busy_ = true;
  ctx_.loop().note_work();
  ctx_.loop().note_outside_work();
  if (log_->failed()) return;  // the next poll tells
  const journal_position durable = log_->durable();
  try {
    release_durable(durable);
    settle_durable(durable);
    owner_.on_durable(durable);
    let_flushers_go();
  } catch (...) {
    ctx_.loop().fail(std::current_exception());
  }
}

void durable_ledger::release_durable(journal_position durable) {
  for (; !releasing_.empty() &&
         (releasing_.front().position <= durable || WEFT_PLANTED("leases.handed_out_before_it_is_durable"));
       releasing_.pop_front())
    owner_.on_released(*releasing_.front().item);
}

void durable_ledger::settle_durable(journal_position durable) {
  for (; !answering_.empty() && answering_.front().position <= durable; answering_.pop_front())
    owner_.on_acknowledged(answering_.front().submission);
  for (; !acknowledging_.empty() &&
         (acknowledging_.front().position <= durable || WEFT_PLANTED("leases.settled_before_it_is_durable"));
       acknowledging_.pop_front()) {
    const acknowledgement& next = acknowledging_.front();
    if (next.holder != ctx_.rank()) {
      settled_port_.post(next.holder, next.count);
    } else {
      on_settled(next.holder, next.count);
    }
  }
}

}  // namespace weft::detail
