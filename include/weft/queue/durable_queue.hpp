// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/core/planted_fault.hpp>
#include <weft/queue/durable_item.hpp>
#include <weft/queue/durable_ledger.hpp>
#include <weft/queue/work_queue.hpp>

namespace weft {

/// An item of a durable queue that failed as often as it may in this job. It is not acknowledged: the next job hands it
/// out again, unless `durable_queue::discard` is called.
template <class T>
struct durable_dead_letter {
  T value;
  std::string error;
  unsigned attempts = 0;
  detail::durable_header header;
};

/// A work queue whose items outlive the job: each is in a journal before its `put` is acknowledged and before anybody
/// gets it, until the end of its holder's work is in the journal too. What a job that was killed leaves, the next one
/// on the same folder finds, with any number of ranks.
///
///     weft::durable_queue<task> q(ctx, "results/queue");   // collective in order
///     co_await q.open();                                   // collective
///     if (ctx.rank() == 0 && q.is_new()) co_await q.put(first);
///     q.close();
///     while (auto next = co_await q.get()) work_on(**next);
///
/// At least once: an item that was taken and not acknowledged when the job ended is handed out again. Its `attempt` is
/// then higher by one, and its `id` is the same. Items that were put and never taken may count as tried as well, at
/// most `durable_options::window` on a rank. A held item's normal end (`done`, or its destruction) acknowledges it; an
/// exception, the task's cancellation, or the rank's shutdown never does. Drained means that everything is
/// acknowledged, for certain, on all ranks.
///
/// The rest is as in `work_queue`, which hands the items out: stealing, batches, types, priorities, placement, results,
/// cancellation. What outlives the job of an item's options:
///
/// - The rank that an item was put for keeps its number: in a job of n ranks it is that number modulo n, and `where`
///   binds the item to that rank, or to its node. So what is bound to one rank is never worked on by two.
/// - A delay is a time of the wall clock from which the item may be taken, whether jobs run or not. It does not count
///   as tried before.
/// - A result goes to the future in this job, and dies with it: see `submit`.
///
/// If the journal fails, or a later job takes the folder over (`fenced`), the loop fails: the error leaves the program
/// on this rank.
template <class T, class R = void>
class durable_queue final : detail::durable_owner, detail::done_listener<detail::durable_entry<T>> {
 public:
  using value_type = T;
  using result_type = R;
  using entry_type = detail::durable_entry<T>;
  using engine_type = work_queue<entry_type, R>;
  using item_type = item<entry_type, R>;
  using batch_type = item_batch<entry_type>;

  durable_queue(context& ctx, std::string folder, durable_options how = {}, queue_options options = {},
                source_location where = source_location::current())
      : ctx_(ctx), options_(options), engine_(ctx, options, where), ledger_(ctx, std::move(folder), how, *this) {
    engine_.set_done_listener(this);
  }
  durable_queue(const durable_queue&) = delete;
  durable_queue& operator=(const durable_queue&) = delete;

  /// Collective, before anything else. Waits for processes of an earlier job, takes the folder over, and reads. Throws
  /// `journal_damaged`, `world_error`, `fenced`.
  task<> open() { return ledger_.open(); }
  /// True if no item was ever put into this folder for certain, by any job.
  bool is_new() const { return ledger_.is_new(); }

  // --- producing -----------------------------------------------------------------------------------------------------
  /// Adds an item. Awaiting what it returns waits until the item is durable, which acknowledges it, and then for room,
  /// as `work_queue::put` does, judged by the items put on this rank that are not acknowledged. It is handed out when
  /// it is durable.
  queue_put put(const T& value, source_location where = source_location::current()) {
    return put(value, put_options{}, where);
  }
  queue_put put(const T& value, const put_options& how, source_location where = source_location::current()) {
    const detail::item_tag tag = engine_.tag_for(how, where);
    return write(where, [&] { add(value, tag, how, where); });
  }
  /// Adds the items of a range, in its order: all of them or, if the job dies, none. Awaiting it waits for all.
  template <class Iterator>
  queue_put put(Iterator first, Iterator last, source_location where = source_location::current()) {
    return write(where, [&] {
      for (; first != last; ++first) add(*first, detail::item_tag{}, put_options{}, where);
    });
  }
  /// Adds `count` items that `write_them(std::span<T>)` writes, as a range.
  template <class Write>
  requires(is_bytes<T>) queue_put
      put_in_place(std::size_t count, Write&& write_them, source_location where = source_location::current()) {
    std::vector<T> values(count);
    write_them(std::span<T>(values));
    return put(values.begin(), values.end(), where);
  }
  /// Adds an item whose consumer's `done(result)` comes back, once the item is acknowledged for certain: no later job
  /// hands out an item whose result somebody has seen. If its holder throws for the last time in this job, the future
  /// fails with `item_failed`, and the item is a dead letter.
  ///
  /// The future does not outlive the job, the item does: in a later job its result goes to nobody. Dropping or
  /// cancelling the future gives up the result only; no shutdown takes an item out of a durable queue.
  future<R> submit(const T& value, const put_options& how = {}, source_location where = source_location::current()) {
    detail::item_tag tag = engine_.tag_for(how, where);
    tag.submission = engine_.results().next();
    (void)write(where, [&] { add(value, tag, how, where); });
    return engine_.results().await(tag.submission, where);
  }
  void close(source_location where = source_location::current()) {
    require_open(where);
    engine_.close(where);
  }
  bool closed() const noexcept { return engine_.closed(); }
  /// Ready when everything that was put and acknowledged on this rank before is durable.
  future<void> flush(source_location where = source_location::current()) {
    require_open(where);
    return ledger_.flush(where);
  }

  // --- consuming: see work_queue -------------------------------------------------------------------------------------
  future<std::optional<item_type>> get(type_set types = {}, source_location where = source_location::current()) {
    return engine_.get(types, where);
  }
  std::optional<item_type> try_get(type_set types = {}) { return engine_.try_get(types); }
  future<batch_type> get_n(std::size_t most, type_set types = {},
                           source_location where = source_location::current()) requires std::is_void_v<R> {
    return engine_.get_n(most, types, where);
  }
  batch_type try_get_n(std::size_t most, type_set types = {}) requires std::is_void_v<R> {
    return engine_.try_get_n(most, types);
  }
  template <class Body>
  task<> serve(Body& body, type_set types = {}, source_location where = source_location::current()) {
    return engine_.serve(body, types, where);
  }
  void poll() { engine_.poll(); }
  void leave(source_location where = source_location::current()) { engine_.leave(where); }
  void join() { engine_.join(); }

  // --- ending --------------------------------------------------------------------------------------------------------
  bool drained() const noexcept { return engine_.drained(); }
  /// As `work_queue::cancel`, for this job: what is dropped stays in the journals, for the next one. What had not been
  /// released (`durable_options::window`), or was not due, does not count as tried.
  void cancel() { engine_.cancel(); }
  bool cancelled() const noexcept { return engine_.cancelled(); }
  std::vector<durable_dead_letter<T>> take_dead_letters() {
    std::vector<durable_dead_letter<T>> taken;
    for (auto& dead : engine_.take_dead_letters()) {
      const detail::durable_header header = dead.value.header;
      taken.push_back({std::move(dead.value.value), std::move(dead.error), header.earlier + dead.attempts, header});
    }
    return taken;
  }
  template <class V, class Operation>
  auto reduce(const V& mine, Operation operation) {
    return engine_.reduce(mine, operation);
  }
  /// Acknowledges a dead letter: no job tries it again.
  void discard(const durable_dead_letter<T>& letter) {
    engine_.keep_open(1);
    ledger_.acknowledge(letter.header);
  }

  // --- what it did ---------------------------------------------------------------------------------------------------
  /// Items whose journal is this rank's: put here, or found at the start, and not acknowledged.
  std::size_t size() const noexcept { return ledger_.items(); }
  std::size_t bytes() const noexcept { return ledger_.bytes(); }  ///< of their values
  std::size_t held() const noexcept { return engine_.held(); }
  queue_stats stats() const noexcept { return engine_.stats(); }
  const std::unordered_map<int, queue_flow>& flows() const noexcept { return engine_.flows(); }
  /// This rank's journal; nullptr before `open`.
  const weft::journal* log() const noexcept { return ledger_.log(); }

 private:
  using done_operation = detail::promised_operation<void>;
  static constexpr operation::type put_kind = detail::put_operation::kind("durable_queue::put");

  void require_open(source_location where) const {
    if (!ledger_.is_open()) [[unlikely]]
      detail::throw_not_open(where);
  }
  template <class Add>
  queue_put write(source_location where, Add&& add_items) {
    require_open(where);
    try {
      add_items();
      return after_put(ledger_.put(), where);
    } catch (...) {
      engine_.let_end(ledger_.drop_added());
      throw;
    }
  }
  void add(const T& value, const detail::item_tag& tag, const put_options& how, source_location where) {
    engine_.check_room(ledger_.bytes() + sizeof(T), where);
    if constexpr (is_bytes<T>) {
      ledger_.add(tag, how, std::as_bytes(std::span(&value, 1)));
    } else {
      scratch_.clear();
      encode(scratch_, value);
      ledger_.add(tag, how, scratch_.bytes());
    }
    engine_.keep_open(1);
  }
  queue_put after_put(journal_position end, source_location where) {
    auto* op = detail::make_operation<detail::put_operation>(ctx_.loop(), put_kind, where);
    const detail::task_root* root = ctx_.loop().current_root();
    if (root != nullptr) op->task = root->lineage;
    op->position = end;
    if (end <= ledger_.durable() || WEFT_PLANTED("leases.put_is_acknowledged_at_once")) {
      op->succeed();
    } else {
      unacknowledged_.push(*op);
    }
    return {op, true};
  }

  void on_found(std::size_t count) override { engine_.keep_open(count); }
  void on_released(const detail::durable_record& item) override {
    entry_type entry{item.header, T{}};
    detail::decode_exactly(item.value.bytes(), entry.value);
    engine_.add(std::move(entry), item.tag, item.rank_among(ctx_.size()));
    engine_.let_end(1);
    ++added_;
  }
  void on_durable(journal_position durable) override {
    if (std::exchange(added_, 0) > 0) engine_.added();
    while (!unacknowledged_.empty()) {
      auto& op = static_cast<detail::put_operation&>(*unacknowledged_.front());
      if (op.position > durable) break;
      unacknowledged_.remove(op);
      if (is_within(1) || engine_.is_exempt(op)) {
        op.succeed();
      } else {
        held_back_.push(op);
      }
    }
  }
  void on_step() override {
    for (auto* at = held_back_.front(); at != nullptr;) {
      auto& op = static_cast<detail::put_operation&>(*at);
      at = at->next;
      if (!is_within(2) && !engine_.is_exempt(op)) continue;
      held_back_.remove(op);
      op.succeed();
    }
  }
  /// Within a part of the capacity, by the items that have their home here, released or not.
  bool is_within(std::size_t part) const noexcept {
    return ledger_.items() <= options_.capacity / part && ledger_.bytes() <= options_.capacity_bytes / part;
  }
  void on_settled(std::size_t count) override { engine_.let_end(count); }
  void on_acknowledged(std::uint64_t submission) override { engine_.results().settle(submission); }
  void on_left(std::size_t count) override {
    engine_.results().cancel_all();
    engine_.let_end(count);
  }
  bool is_over() const noexcept override { return engine_.cancelled(); }
  std::size_t queued() const noexcept override { return engine_.size() + engine_.on_their_way(); }
  void on_done(std::span<const entry_type> values) noexcept override {
    engine_.keep_open(values.size());
    for (const entry_type& entry : values) ledger_.acknowledge(entry.header);
  }

  context& ctx_;
  queue_options options_;
  engine_type engine_;
  detail::durable_ledger ledger_;
  detail::wait_list unacknowledged_;  // puts, in the order of their positions
  detail::wait_list held_back_;       // puts that are durable, and wait for room
  std::size_t added_ = 0;
  byte_buffer scratch_;
};

}  // namespace weft
