// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/store_log.hpp>

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

#include <weft/async/timer.hpp>
#include <weft/comm/collectives.hpp>
#include <weft/core/codec.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/journal/errors.hpp>

namespace weft::txn {
namespace {

constexpr int log_leader = 0;
constexpr auto between_log_looks = std::chrono::microseconds(200);

}  // namespace

store_log::store_log(context& ctx, const store_options& options, store_log_owner& owner)
    : ctx_(ctx),
      path_(options.directory),
      how_{options.kept == store_durability::synced ? durability::synced : durability::written, options.segment_bytes},
      compact_bytes_(options.compact_bytes),
      predecessors_(options.predecessors),
      owner_(owner) {
  timer_.of = this;
  timer_.fire = [](timer_node& self) noexcept {
    store_log& of = *static_cast<lazy_timer&>(self).of;
    of.is_due_ = true;
    of.ctx_.loop().note_work();
  };
  ctx.loop().add_source(*this);
}

store_log::~store_log() {
  if (timer_.queued()) ctx_.loop().timers().cancel(timer_);
  ctx_.loop().remove_source(*this);
}

// --- the start -------------------------------------------------------------------------------------------------------

task<> store_log::until_ready() {
  while (!folder_->ready()) {
    ctx_.loop().note_outside_work();
    co_await sleep_for(ctx_.loop(), between_log_looks);
  }
}

/// The leader publishes a new epoch; from then on nothing that an earlier run does counts.
task<> store_log::take_over(replay& past) {
  folder_ = std::make_unique<journal_folder>(*ctx_.storage(), file_space::shared, path_);
  const time_point deadline = ctx_.loop().now() + predecessors_;
  if (ctx_.rank() == log_leader) {
    std::uint64_t identity = 0;
    ctx_.host().entropy(std::as_writable_bytes(std::span(&identity, 1)));
    folder_->claim(deadline, identity);
    co_await until_ready();
  }
  auto told = ctx_.world().ibcast(folder_->run(), log_leader);
  const journal_run run = co_await std::move(told);
  if (ctx_.rank() != log_leader) {
    folder_->join(run, deadline);
    co_await until_ready();
  }
  WEFT_CRASH_POINT("txn.directory_is_taken_over");
  journal_reader reader(*folder_);
  const std::uint32_t step = WEFT_PLANTED("txn.one_journal_for_each_rank") ? run.writers : static_cast<std::uint32_t>(ctx_.size());
  for (auto writer = static_cast<std::uint32_t>(ctx_.rank()); writer < run.writers; writer += step) {
    auto each = [&](const journal_record& record) { past.visit(writer, record.type, record.payload); };
    const journal_summary found = reader.read(writer, each);
    if (!found.cut) continue;
    WEFT_REACHED("txn.start_after_a_torn_record");
    ctx_.log().warn("txn", describe(*found.cut));
  }
}

/// From `adopt` on the new journals hold the truth.
task<> store_log::begin() {
  log_ = std::make_unique<journal>(*folder_, static_cast<std::uint32_t>(ctx_.rank()), how_);
  compact();
  const journal_position all = log_->end();
  while (log_->poll(), log_->forced() < all) {
    ctx_.loop().note_outside_work();
    if (log_->wants_poll()) {
      co_await yield();  // the first segment is made in small pieces, one for each poll
    } else {
      co_await sleep_for(ctx_.loop(), between_log_looks);
    }
  }
  WEFT_CRASH_POINT("txn.first_snapshot_is_forced");
  // Whoever is through the second barrier may send: from here on records may come.
  log_->set_listener(this);
  is_open_ = is_busy_ = true;
  auto all_written = ctx_.world().ibarrier();
  co_await std::move(all_written);
  if (ctx_.rank() == log_leader) {
    WEFT_CRASH_POINT("txn.all_have_written");
    folder_->adopt(static_cast<std::uint32_t>(ctx_.size()), ctx_.loop().now() + predecessors_);
    co_await until_ready();
    WEFT_CRASH_POINT("txn.new_journals_are_adopted");
  }
  auto adopted = ctx_.world().ibarrier();
  co_await std::move(adopted);
}

// --- writing ---------------------------------------------------------------------------------------------------------

void store_log::write(journal& to, const record& head, const entries* redo) {
  byte_buffer front, back;
  txn::encode(front, head);
  if (redo != nullptr) weft::encode(back, *redo);
  to.append(protocol_record_type, front.bytes(), back.bytes());
}

void store_log::write_cells(journal& to, const entries& cells) {
  byte_buffer bytes;
  weft::encode(bytes, cells);
  to.append(cells_record_type, bytes.bytes());
}

void store_log::write_outcomes(journal& to, const outcome_table& all) {
  byte_buffer bytes;
  weft::encode(bytes, record_of(all));
  to.append(outcomes_record_type, bytes.bytes());
}

void store_log::write_facts(journal& to, const store_facts& what) {
  byte_buffer bytes;
  weft::encode(bytes, what);
  to.append(facts_record_type, bytes.bytes());
}

void store_log::write_works(journal& to, const std::deque<work_record>& committed) {
  if (committed.empty()) return;
  byte_buffer bytes;
  weft::encode(bytes, works_record{{committed.begin(), committed.end()}});
  to.append(works_record_type, bytes.bytes());
}

void store_log::write_heuristic(journal& to, const heuristic_decision& what) {
  byte_buffer bytes;
  weft::encode(bytes, what);
  to.append(heuristic_record_type, bytes.bytes());
}

void store_log::append(const record& head, const entries* redo, bool is_urgent, bool of_coordinator) {
  write(*log_, head, redo);
  if (head.kind != record_kind::ended) waiting_.push_back({log_->end(), head.id, head.kind, of_coordinator});
  if (is_urgent) {
    if (urgent_since_ == never) urgent_since_ = ctx_.loop().now();
    ctx_.loop().note_work();
  } else if (!timer_.queued()) {
    ctx_.loop().timers().add(timer_, saturating_add(ctx_.loop().now(), laziness));
  }
}

void store_log::append_cells(const entries& cells) {
  write_cells(*log_, cells);
  waiting_.push_back({log_->end(), {}, record_kind::none, false});
  is_due_ = true;
  ctx_.loop().note_work();
}

void store_log::compact() {
  if (is_open_) WEFT_REACHED("txn.journal_is_compacted");
  log_->compact([this](journal& to) { owner_.write_snapshot(to); });
  snapshot_bytes_ = log_->bytes_since_snapshot();
  WEFT_CRASH_POINT("txn.snapshot_is_appended");
}

bool store_log::is_due() {
  if (is_busy_ || is_due_) return true;
  return urgent_since_ != never && ctx_.loop().now() - urgent_since_ >= gather;
}

bool store_log::poll() {
  if (!is_open_) return false;
  if (log_->is_forcing() && !log_->wants_poll()) return false;
  if (!is_due()) {
    if (urgent_since_ != never) ctx_.loop().note_work();
    return urgent_since_ != never;
  }
  return poll_journal();
}

/// What is appended while a force is under way is written when it ends, all at once.
bool store_log::poll_journal() {
  try {
    const journal_position written = log_->written();
    const journal_position durable = log_->durable();
    const std::uint64_t grown = log_->bytes_since_snapshot() - snapshot_bytes_;
    const bool is_due = !log_->compacting() && grown > std::max(compact_bytes_, snapshot_bytes_);
    if (is_due && owner_.may_compact()) compact();
    is_due_ = false;
    urgent_since_ = never;
    is_busy_ = log_->poll();
    ctx_.loop().note_outside_work();  // it may have begun a force
    return log_->written() != written || log_->durable() != durable || log_->wants_poll();
  } catch (...) {
    is_open_ = false;
    ctx_.loop().fail(std::current_exception());
    return true;
  }
}

void store_log::on_durable() noexcept {
  is_busy_ = true;
  ctx_.loop().note_work();
  ctx_.loop().note_outside_work();
  if (log_->failed()) return;  // the next poll tells
  const journal_position durable = log_->durable();
  try {
    while (!waiting_.empty() &&
           (waiting_.front().position <= durable || WEFT_PLANTED("txn.records_behind_count_as_durable"))) {
      const place next = waiting_.front();
      waiting_.pop_front();
      owner_.on_durable(next.id, next.kind, next.of_coordinator);
    }
  } catch (...) {
    ctx_.loop().fail(std::current_exception());
  }
}

}  // namespace weft::txn
