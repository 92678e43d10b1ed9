// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/store_body.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <weft/async/timer.hpp>
#include <weft/comm/collectives.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/txn/replay.hpp>

namespace weft::txn {
namespace {

transaction_manager::settings settings_of(const context& ctx, const store_options& options, std::size_t key_bytes) {
  return {ctx.rank(), ctx.size(), 1, options.decision, options.locks, options.placed_by, key_bytes};
}

constexpr auto between_stillness_looks = std::chrono::microseconds(20);

bool is_for_participants(const wire& message) noexcept {
  if (message.kind == wire_kind::protocol) return message.what <= message_kind::abort_acknowledged;
  return message.kind >= wire_kind::read && message.kind <= wire_kind::secure;
}

/// What became of the transactions of so many runs before this one is known.
constexpr std::uint32_t runs_known = 64;

bool carries_writes(const wire& message) noexcept {
  if (message.kind == wire_kind::secure) return true;
  return message.kind == wire_kind::protocol && message.what <= message_kind::commit_alone;
}

}  // namespace

store_body::store_body(context& ctx, const store_options& options, std::size_t key_bytes)
    : ctx_(ctx),
      patience_(options.patience),
      data_(key_bytes),
      log_(options.kept == store_durability::none ? nullptr
                                                  : std::unique_ptr<store_log>(new store_log(ctx, options, *this))),
      beside_(ctx, key_bytes, log_ ? std::function<void()>([this] { log_->throw_if_overtaken(); }) : nullptr),
      resources_(*this, data_, options.locks, ctx.size(), log_ ? &outcomes_ : nullptr, &beside_),
      transactions_(ctx.loop(), *this, resources_, outcomes_, settings_of(ctx, options, key_bytes)),
      random_(random_source(static_cast<std::uint64_t>(ctx.rank()))()),  // hashed: neighbouring streams would be one stream, a step apart
      port_(ctx,
            [this](int from, wire&& message) {
              dispatch(from, std::move(message));
              pump();
            },
            {options.name, true}) {
  timer_.of = this;
  timer_.fire = [](timer_node& self) noexcept {
    store_body& of = *static_cast<patience_timer&>(self).of;
    of.is_time_up_ = true;
    of.ctx_.loop().note_work();
  };
  ctx.loop().add_source(*this);
}

store_body::~store_body() {
  if (timer_.queued()) ctx_.loop().timers().cancel(timer_);
  ctx_.loop().remove_source(*this);
}

bool store_body::poll() {
  const bool has_late = transactions_.end_late();
  if (std::exchange(is_time_up_, false)) {
    resources_.refuse_patient();
  } else if (!has_late) {
    return false;
  }
  pump();
  return true;
}

task<> store_body::open() {
  if (!log_) co_return;
  if (is_open_) throw usage_error("store::open called twice on this rank");
  if (ctx_.storage() == nullptr) throw usage_error("a store that is kept needs a world with a storage");
  replay past;
  co_await log_->take_over(past);
  WEFT_CRASH_POINT("txn.journals_are_read");

  require_same_keys(past);
  heuristics_ = past.heuristics();
  testimony mine = past.tell();
  auto telling = ctx_.world().iallgather(std::move(mine));
  const std::vector<testimony> all = co_await std::move(telling);
  const std::vector<transaction_id> committed = judge(all, outcomes_);
  std::tie(stats_.found_committed, stats_.found_aborted) = past.resolve(committed);
  WEFT_CRASH_POINT("txn.doubts_are_resolved");

  std::vector<entries> dealt(static_cast<std::size_t>(ctx_.size()));
  for (auto& [key, value] : past.data()) {
    entries& to = dealt[static_cast<std::size_t>(owner(key))];
    to.keys.push_back(key);
    to.values.push_back(std::move(value));
  }
  auto dealing = ctx_.world().ialltoall(std::move(dealt));
  const std::vector<entries> taken = co_await std::move(dealing);
  for (const entries& part : taken) data_.apply(part);
  WEFT_CRASH_POINT("txn.keys_are_dealt");
  if (stats_.found_committed > 0) WEFT_REACHED("txn.start_commits_what_was_in_doubt");
  if (stats_.found_aborted > 0) WEFT_REACHED("txn.start_aborts_what_was_in_doubt");

  const std::uint32_t epoch = log_->epoch();
  if (epoch > runs_known) outcomes_.forget_runs_before(epoch - runs_known);
  if (!WEFT_PLANTED("txn.runs_share_their_ids")) transactions_.set_epoch(epoch);
  co_await recover_works(past);
  co_await log_->begin();
  is_open_ = true;
}

/// A coordinator is over when all acknowledgements are there, each of which says that a record is durable.
task<> store_body::close() {
  while (transactions_.open() != 0) co_await sleep_for(ctx_.loop(), between_stillness_looks);
  auto quiet = ctx_.quiescence();
  co_await std::move(quiet);
  future<void> durable = append_cells({});
  co_await durable;
  auto all_durable = ctx_.world().ibarrier();
  co_await std::move(all_durable);
  is_open_ = false;
}

void store_body::require_same_keys(const replay& past) const {
  const std::size_t mine = transactions_.how().key_bytes;
  if (!past.facts() || past.facts()->key_bytes == mine) return;
  const auto text = [](std::size_t bytes) { return bytes == 0 ? std::string("no fixed number of") : std::to_string(bytes); };
  throw usage_error("this store was made with keys of " + text(past.facts()->key_bytes) + " bytes, and is opened with keys of " +
                    text(mine));
}

/// Before the new journals hold the truth: until then all of it would be found again.
task<> store_body::recover_works(replay& past) {
  std::vector<std::vector<found_work>> dealt(static_cast<std::size_t>(ctx_.size()));
  for (found_work& each : past.works())
    dealt[static_cast<std::size_t>(owner(each.what.key))].push_back(std::move(each));
  auto dealing = ctx_.world().ialltoall(std::move(dealt));
  const std::vector<std::vector<found_work>> taken = co_await std::move(dealing);
  for (const auto& part : taken) beside_.recover(part);
  co_await beside_.checkpoint();
}

/// What participants have committed since their last checkpoint would have to stand in each snapshot.
bool store_body::may_compact() {
  if (beside_.committed().empty() || std::exchange(has_checkpoint_, false)) return true;
  if (!std::exchange(is_checkpointing_, true)) static_cast<void>(ctx_.spawn(run_checkpoint()));
  return false;
}

task<> store_body::run_checkpoint() {
  co_await beside_.checkpoint();
  is_checkpointing_ = false;
  has_checkpoint_ = true;
}

void store_body::load(std::string key, std::string value) {
  if (log_) {
    loaded_.keys.push_back(key);
    loaded_.values.push_back(value);
  }
  data_.put(key, std::move(value));
}

task<> store_body::load_all(entries all) {
  std::vector<entries> dealt(static_cast<std::size_t>(ctx_.size()));
  for (std::size_t i = 0; i < all.keys.size(); ++i) {
    entries& to = dealt[static_cast<std::size_t>(owner(all.keys[i]))];
    to.keys.push_back(std::move(all.keys[i]));
    to.values.push_back(std::move(all.values[i]));
  }
  auto dealing = ctx_.world().ialltoall(std::move(dealt));
  const std::vector<entries> taken = co_await std::move(dealing);
  for (const entries& part : taken) {
    for (std::size_t i = 0; i < part.keys.size(); ++i) load(part.keys[i], *part.values[i]);
  }
  future<void> durable = flush_loaded();
  co_await durable;
  auto all_loaded = ctx_.world().ibarrier();
  co_await std::move(all_loaded);
}

task<> store_body::hold_still() {
  if (std::exchange(is_still_, true)) throw usage_error("a store is held still twice at once");
  while (transactions_.open() != 0) co_await sleep_for(ctx_.loop(), between_stillness_looks);
  // Where no coordinator has anything under way, every participant has applied what was committed.
  auto all_done = ctx_.world().ibarrier();
  co_await std::move(all_done);
}

task<> store_body::go_on() {
  auto all_have_read = ctx_.world().ibarrier();
  co_await std::move(all_have_read);
  is_still_ = false;
  for (promise<void>& each : std::exchange(held_, {})) each.set_value();
}

future<std::size_t> store_body::size() { return ctx_.world().iallreduce(data_.data().size(), sum); }

future<void> store_body::admission() {
  promise<void> waits(ctx_.loop());
  future<void> result = waits.get_future();
  held_.push_back(std::move(waits));
  return result;
}

task<std::size_t> store_body::forget_before(transaction_moment when) {
  entries gone;
  for (const auto& [key, value] : data_.names()) {
    if (decoded<transaction_result>(value).when < when) gone.keys.push_back(key);
  }
  gone.values.resize(gone.keys.size());
  data_.apply(gone);
  outcomes_.forget_runs_before(when.epoch);
  // At once: whoever commits under such a name again leaves a later record.
  future<void> durable = append_cells(gone);
  co_await durable;
  co_return gone.keys.size();
}

future<void> store_body::flush_loaded() { return append_cells(std::exchange(loaded_, {})); }

future<void> store_body::append_cells(const entries& cells) {
  promise<void> waits(ctx_.loop());
  future<void> result = waits.get_future();
  if (!log_) {
    waits.set_value();
    return result;
  }
  flushing_.push_back(std::move(waits));
  log_->append_cells(cells);
  return result;
}

void store_body::on_durable(const transaction_id& id, record_kind what, bool of_coordinator) {
  if (what == record_kind::none) {
    flushing_.front().set_value();
    flushing_.pop_front();
    return;
  }
  durable_.push_back({id, what, of_coordinator});
  pump();
}

void store_body::write_snapshot(journal& to) {
  constexpr std::size_t keys_in_a_record = 1000;
  store_log::write_facts(to, {static_cast<std::uint32_t>(transactions_.how().key_bytes)});
  entries some;
  const auto write_all = [&](const auto& cells) {
    for (const auto& [key, value] : cells) {
      some.keys.push_back(key);
      some.values.push_back(value);
      if (some.keys.size() == keys_in_a_record) store_log::write_cells(to, std::exchange(some, {}));
    }
  };
  write_all(data_.data());
  write_all(data_.names());
  write_all(data_.items());
  store_log::write_cells(to, some);
  store_log::write_works(to, beside_.committed());
  for (const heuristic_decision& each : heuristics_) store_log::write_heuristic(to, each);
  if (!WEFT_PLANTED("txn.snapshot_forgets_outcomes")) store_log::write_outcomes(to, outcomes_);
  const auto write = [&](const record& head, const entries* redo) { store_log::write(to, head, redo); };
  resources_.for_each_needed(write);
  transactions_.for_each_needed(write);
}

attempt& store_body::begin(std::optional<lock_age> age) {
  if (log_ && !is_open_) throw usage_error("a store that is kept was used before open(), or after close(), on this rank");
  ++stats_.attempts;
  attempt& made = transactions_.begin(age);
  if (is_still_) transactions_.abort(made);  // begun by hand: as if another transaction were in the way
  return made;
}

/// By a destructor, which may run because the journal has failed: then nothing that follows from it can be written.
void store_body::let_go(attempt& of) {
  transactions_.let_go(of);
  if (log_ == nullptr || !log_->failed()) pump();
}

future<attempt::answer> store_body::read(attempt& of, int rank, std::vector<std::string> keys, lock_mode mode) {
  future<attempt::answer> result = transactions_.read(of, rank, std::move(keys), mode);
  pump();
  return result;
}

future<void> store_body::run_call(attempt& of, std::uint32_t place) {
  future<void> result = transactions_.run_call(of, place);
  pump();
  return result;
}

future<attempt::answer> store_body::take(attempt& of, int rank, std::string prefix) {
  future<attempt::answer> result = transactions_.take(of, rank, std::move(prefix));
  pump();
  return result;
}

/// Behind all others of this rank, and on the rank that is wanted: a last number is tried until the key lies there.
std::string store_body::new_item_key(const std::string& prefix, int rank) {
  ++last_item_;
  const std::string start = prefix + fmt::format("{:08x}{:016x}{:08x}", transactions_.how().epoch, last_item_, ctx_.rank());
  for (std::uint32_t tries = 0;; ++tries) {
    std::string key = start + fmt::format("{:x}", tries);
    if (key.size() != transactions_.how().key_bytes && owner(key) == rank) return key;
  }
}

future<transaction_outcome> store_body::commit(attempt& of) {
  future<transaction_outcome> result = transactions_.commit(of);
  pump();
  return result;
}

void store_body::abort(attempt& of) {
  transactions_.abort(of);
  pump();
}

/// Twice as long each time, from about a round trip to a millisecond, and never the same for all. Where nobody's age gives
/// way, two that hold what the other one wants may meet again and again: they go further apart, until one of them is through
/// before the other begins.
future<void> store_body::back_off(int attempts, time_point end) {
  const lock_policy policy = resources_.locks().policy();
  const bool has_ages = policy == lock_policy::wait_die || policy == lock_policy::wound_wait;
  const std::uint64_t most = std::uint64_t{4000} << std::min(attempts, has_ages ? 8 : 12);
  std::uint64_t pause = most / 2 + random_.below(most / 2);
  if (!has_ages) {
    const auto patience = static_cast<std::uint64_t>(policy == lock_policy::timeout ? patience_.count() : 0);
    pause = random_.below(most + (attempts > 8 ? 8 * patience : 0));
  }
  const duration left = end == never ? duration::max() : std::max(end - ctx_.loop().now(), duration::zero());
  return sleep_for(ctx_.loop(), std::min(left, duration(static_cast<std::int64_t>(pause))));
}

void store_body::send(int rank, wire&& message) {
  message.clock = transactions_.clock().counter();
  message.finished = transactions_.finished();
  if (rank == ctx_.rank()) {
    own_.push_back(std::move(message));
    return;
  }
  ++stats_.messages;
  port_.post(rank, std::move(message));
}

void store_body::append(const record& head, const entries* redo, bool is_urgent, bool of_coordinator) {
  if (log_) return log_->append(head, redo, is_urgent, of_coordinator);
  if (head.kind != record_kind::ended) durable_.push_back({head.id, head.kind, of_coordinator});
}

void store_body::dispatch(int from, wire&& message) {
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
void store_body::pump() {
  if (pumping_) return;
  pumping_ = true;
  do {
    pump_once();
  } while (resources_.go_on() || !own_.empty() || !durable_.empty());
  pumping_ = false;
  const bool is_timed = resources_.locks().policy() == lock_policy::timeout && resources_.has_waiting();
  if (is_timed && !timer_.queued()) ctx_.loop().timers().add(timer_, saturating_add(ctx_.loop().now(), patience_));
}

void store_body::pump_once() {
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
