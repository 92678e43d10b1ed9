// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/queue/balance.hpp>
#include <weft/queue/options.hpp>

namespace weft::detail {

enum class outcome_kind : std::uint8_t { value, failed, cancelled };

/// What became of a submitted item, on its way to the producer.
template <class R>
struct outcome {
  using value_type = std::conditional_t<std::is_void_v<R>, std::uint8_t, R>;
  std::uint64_t submission = 0;
  outcome_kind kind = outcome_kind::value;
  std::string text;
  std::optional<value_type> value;
  std::uint32_t wave = 0;  ///< for the detection of the end
};

/// The results of submitted items: those that the producers of this rank await, and the way there.
template <class R>
class submissions {
 public:
  /// Takes back an item that its submitter gives up; true if nothing of it will come any more.
  using give_up = bool (*)(void* queue, std::uint64_t submission) noexcept;

  /// Makes a port: collective in order. `counts` may be constructed later.
  submissions(context& ctx, balance& counts, void* queue, give_up how)
      : ctx_(ctx),
        counts_(counts),
        queue_(queue),
        give_up_(how),
        port_(ctx, receiver{this}, port_options{.name = "work_queue results", .protocol = true}) {}
  submissions(const submissions&) = delete;
  submissions& operator=(const submissions&) = delete;
  ~submissions() { cancel_all(); }

  /// A number for an item of this rank: the rank (upper 24 bits), from 1, and a count.
  std::uint64_t next() noexcept {
    return (static_cast<std::uint64_t>(ctx_.rank()) + 1) << 40 | (++last_ & 0xffffffffffu);
  }
  future<R> await(std::uint64_t submission, source_location where) {
    auto* op = make_operation<pending>(ctx_.loop(), kind, where);
    op->of = this;
    op->submission = submission;
    pending_.emplace(submission, op);
    return future<R>(op);
  }

  /// To the producer, from whoever held the item.
  template <class Value>
  void send_value(std::uint64_t submission, Value&& value) {
    send({submission, outcome_kind::value, {}, std::forward<Value>(value), 0});
  }
  void send(std::uint64_t submission, outcome_kind how, std::string text) {
    send({submission, how, std::move(text), {}, 0});
  }

  /// From now on a value does not come to its producer before `settle` was called for it.
  void await_settlement() noexcept { settles_ = true; }
  void settle(std::uint64_t submission) noexcept {
    const auto found = pending_.find(submission);
    if (found == pending_.end()) return;
    found->second->is_settled = true;
    if (found->second->has_come) succeed(*found->second);
  }

  void cancel_all() noexcept {
    for (auto& [number, op] : std::exchange(pending_, {})) {
      op->of = nullptr;
      op->cancelled();
    }
  }
  /// What comes any more is of no consequence.
  void retire() noexcept { port_.retire(); }

 private:
  struct receiver {
    submissions* results;
    void operator()(int, outcome<R>&& what) const {
      results->counts_.count_received(what.wave);
      results->complete(std::move(what));
    }
  };
  struct pending final : value_operation<R> {
    using value_operation<R>::value_operation;
    static withdrawal leave(operation& self) noexcept {
      auto& me = static_cast<pending&>(self);
      if (me.of != nullptr && !me.of->take_back(me)) return withdrawal::impossible;
      me.cancelled();
      return withdrawal::withdrawn;
    }
    submissions* of = nullptr;
    std::uint64_t submission = 0;
    bool has_come = false;
    bool is_settled = false;
  };
  static constexpr operation::type kind{"work_queue::submit", never_completed, pending::leave,
                                        destroy_operation<pending>, drop_policy::withdraw};

  void send(outcome<R>&& what) {
    const int producer = static_cast<int>(what.submission >> 40) - 1;
    if (producer == ctx_.rank()) return complete(std::move(what));
    counts_.count_sent();
    what.wave = counts_.waves();
    port_.post(producer, std::move(what));
  }
  void complete(outcome<R>&& what) noexcept {
    const auto found = pending_.find(what.submission);
    if (found == pending_.end()) return;
    pending& op = *found->second;
    if (what.kind != outcome_kind::value) {
      forget(op);
      if (what.kind == outcome_kind::cancelled) return op.cancelled();
      return op.fail(std::make_exception_ptr(item_failed(what.text, op.where())));
    }
    if constexpr (!std::is_void_v<R>) op.emplace(std::move(*what.value));
    op.has_come = true;
    if (!settles_ || op.is_settled || WEFT_PLANTED("leases.result_comes_before_it_is_durable")) return succeed(op);
    WEFT_REACHED("leases.result_waits_for_the_journal");
  }
  void succeed(pending& op) noexcept {
    forget(op);
    op.succeed();
  }
  void forget(pending& op) noexcept {
    pending_.erase(op.submission);
    op.of = nullptr;
  }
  bool take_back(pending& op) noexcept {
    if (!give_up_(queue_, op.submission)) return false;
    pending_.erase(op.submission);
    return true;
  }

  context& ctx_;
  balance& counts_;
  void* queue_;
  give_up give_up_;
  std::uint64_t last_ = 0;
  bool settles_ = false;
  std::unordered_map<std::uint64_t, pending*> pending_;
  port<outcome<R>> port_;
};

}  // namespace weft::detail
