// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/store_engine.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include <weft/async/timer.hpp>
#include <weft/comm/collectives.hpp>
#include <weft/txn/replay.hpp>

namespace weft::txn {
namespace {

transaction_manager::settings settings_of(const context& ctx, const store_options& options) {
  return {ctx.rank(), ctx.size(), 1, options.decision, options.locks};
}

bool is_for_participants(const wire& message) noexcept {
  if (message.kind == wire_kind::protocol) return message.what <= message_kind::abort_acknowledged;
  return message.kind == wire_kind::read || message.kind == wire_kind::call || message.kind == wire_kind::secure;
}

bool carries_writes(const wire& message) noexcept {
  if (message.kind == wire_kind::secure) return true;
  return message.kind == wire_kind::protocol && message.what <= message_kind::commit_alone;
}

}  // namespace

store_engine::store_engine(context& ctx, const store_options& options)
    : ctx_(ctx),
      patience_(options.patience),
      log_(options.kept == store_durability::none ? nullptr
                                                  : std::unique_ptr<store_log>(new store_log(ctx, options, *this))),
      resources_(*this, data_, options.locks, ctx.size(), log_ ? &outcomes_ : nullptr),
      transactions_(ctx.loop(), *this, resources_, outcomes_, settings_of(ctx, options)),
      random_(0x9e3779b97f4a7c15u * (static_cast<std::uint64_t>(ctx.rank()) + 1)),
      port_(ctx,
            [this](int from, wire&& message) {
              dispatch(from, std::move(message));
              pump();
            },
            {options.name, true}) {
  timer_.of = this;
  timer_.fire = [](timer_node& self) noexcept {
    store_engine& of = *static_cast<patience_timer&>(self).of;
    of.is_time_up_ = true;
    of.ctx_.loop().note_work();
  };
  ctx.loop().add_source(*this);
}

store_engine::~store_engine() {
  if (timer_.queued()) ctx_.loop().timers().cancel(timer_);
  ctx_.loop().remove_source(*this);
}

bool store_engine::poll() {
  if (!std::exchange(is_time_up_, false)) return false;
  resources_.refuse_patient();
  pump();
  return true;
}

task<> store_engine::open() {
  if (!log_) co_return;
  if (is_open_) throw usage_error("store::open called twice on this rank");
  if (ctx_.storage() == nullptr) throw usage_error("a store that is kept needs a world with a storage");
  replay past;
  co_await log_->take_over(past);

  testimony mine = past.tell();
  auto telling = ctx_.world().iallgather(std::move(mine));
  const std::vector<testimony> all = co_await std::move(telling);
  const std::vector<transaction_id> committed = judge(all, outcomes_);
  std::tie(stats_.found_committed, stats_.found_aborted) = past.resolve(committed);

  std::vector<entries> dealt(static_cast<std::size_t>(ctx_.size()));
  for (auto& [key, value] : past.data()) {
    entries& to = dealt[static_cast<std::size_t>(owner(key))];
    to.keys.push_back(key);
    to.values.push_back(std::move(value));
  }
  auto dealing = ctx_.world().ialltoall(std::move(dealt));
  const std::vector<entries> taken = co_await std::move(dealing);
  for (const entries& part : taken) data_.apply(part);

  transactions_.set_epoch(log_->epoch());
  co_await log_->begin();
  is_open_ = true;
}

void store_engine::load(std::string key, std::string value) {
  if (log_) {
    loaded_.keys.push_back(key);
    loaded_.values.push_back(value);
  }
  data_.put(std::move(key), std::move(value));
}

future<void> store_engine::flush_loaded() {
  promise<void> waits(ctx_.loop());
  future<void> result = waits.get_future();
  if (!log_) {
    waits.set_value();
    return result;
  }
  flushing_.push_back(std::move(waits));
  log_->append_cells(std::exchange(loaded_, {}));
  return result;
}

void store_engine::on_durable(const transaction_id& id, record_kind what, bool of_coordinator) {
  if (what == record_kind::none) {
    flushing_.front().set_value();
    flushing_.pop_front();
    return;
  }
  durable_.push_back({id, what, of_coordinator});
  pump();
}

void store_engine::write_snapshot(journal& to) {
  constexpr std::size_t keys_in_a_record = 1000;
  entries some;
  for (const auto& [key, value] : data_.all()) {
    some.keys.push_back(key);
    some.values.push_back(value);
    if (some.keys.size() == keys_in_a_record) store_log::write_cells(to, std::exchange(some, {}));
  }
  store_log::write_cells(to, some);
  store_log::write_outcomes(to, outcomes_);
  const auto write = [&](const record& head, const entries* redo) { store_log::write(to, head, redo); };
  resources_.for_each_needed(write);
  transactions_.for_each_needed(write);
}

attempt& store_engine::begin(std::optional<lock_age> age) {
  if (log_ && !is_open_) throw usage_error("a store that is kept was used before open() on this rank");
  ++stats_.attempts;
  return transactions_.begin(age);
}

void store_engine::let_go(attempt& of) {
  transactions_.let_go(of);
  pump();
}

future<attempt::answer> store_engine::read(attempt& of, int rank, std::vector<std::string> keys, lock_mode mode) {
  future<attempt::answer> result = transactions_.read(of, rank, std::move(keys), mode);
  pump();
  return result;
}

future<void> store_engine::run_call(attempt& of, std::uint32_t place) {
  future<void> result = transactions_.run_call(of, place);
  pump();
  return result;
}

future<transaction_outcome> store_engine::commit(attempt& of) {
  future<transaction_outcome> result = transactions_.commit(of);
  pump();
  return result;
}

void store_engine::abort(attempt& of) {
  transactions_.abort(of);
  pump();
}

/// Twice as long each time, from about a round trip to a millisecond, and never the same for all.
future<void> store_engine::back_off(int attempts) {
  const int doublings = std::min(attempts, 8);
  const std::uint64_t most = std::uint64_t{4000} << doublings;
  return sleep_for(ctx_.loop(), duration(static_cast<std::int64_t>(most / 2 + random_.below(most / 2))));
}

bool store_engine::has_committed(const transaction_id& id) const noexcept { return outcomes_.has_committed(id); }

void store_engine::send(int rank, wire&& message) {
  message.clock = transactions_.clock().counter();
  message.finished = transactions_.finished();
  if (rank == ctx_.rank()) {
    own_.push_back(std::move(message));
    return;
  }
  ++stats_.messages;
  port_.post(rank, std::move(message));
}

void store_engine::append(const record& head, const entries* redo, bool is_urgent, bool of_coordinator) {
  if (log_) return log_->append(head, redo, is_urgent, of_coordinator);
  if (head.kind != record_kind::ended) durable_.push_back({head.id, head.kind, of_coordinator});
}

void store_engine::dispatch(int from, wire&& message) {
  transactions_.clock().observe(message.clock);
  if (carries_writes(message) && message.data.keys.size() != message.data.values.size())
    throw decode_error("a store's message has another number of values than of keys");
  if (is_for_participants(message)) {
    resources_.on_message(from, std::move(message));
  } else {
    transactions_.on_message(from, std::move(message));
  }
}

/// Until nothing is left that this rank can do by itself.
void store_engine::pump() {
  if (pumping_) return;
  pumping_ = true;
  do {
    pump_once();
  } while (resources_.go_on() || !own_.empty() || !durable_.empty());
  pumping_ = false;
  const bool is_timed = resources_.locks().policy() == lock_policy::timeout && resources_.has_waiting();
  if (is_timed && !timer_.queued()) ctx_.loop().timers().add(timer_, saturating_add(ctx_.loop().now(), patience_));
}

void store_engine::pump_once() {
  while (!own_.empty()) {
    wire message = std::move(own_.front());
    own_.pop_front();
    dispatch(ctx_.rank(), std::move(message));
  }
  while (!durable_.empty()) {
    const settled what = durable_.front();
    durable_.pop_front();
    what.of_coordinator ? transactions_.on_durable(what.id, what.kind) : resources_.on_durable(what.id, what.kind);
  }
}

}  // namespace weft::txn
