// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <weft/async/future.hpp>
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

/// The results that the producers of this rank await.
template <class R>
class submissions {
 public:
  /// Takes back an item that its submitter gives up; true if it was still here.
  using give_up = bool (*)(void* queue, std::uint64_t submission) noexcept;

  submissions(void* queue, give_up how) noexcept : queue_(queue), give_up_(how) {}
  submissions(const submissions&) = delete;
  submissions& operator=(const submissions&) = delete;
  ~submissions() { cancel_all(); }

  void cancel_all() noexcept {
    for (auto& [number, op] : std::exchange(pending_, {})) {
      op->of = nullptr;
      op->cancelled();
    }
  }

  future<R> add(loop& on, std::uint64_t submission, source_location where) {
    auto* op = make_operation<pending>(on, kind, where);
    op->of = this;
    op->submission = submission;
    pending_.emplace(submission, op);
    return future<R>(op);
  }
  void complete(outcome<R>&& what) noexcept {
    const auto found = pending_.find(what.submission);
    if (found == pending_.end()) return;
    pending& op = *found->second;
    pending_.erase(found);
    op.of = nullptr;
    if (what.kind == outcome_kind::cancelled) return op.cancelled();
    if (what.kind == outcome_kind::failed) return op.fail(std::make_exception_ptr(item_failed(what.text, op.where())));
    if constexpr (!std::is_void_v<R>) op.emplace(std::move(*what.value));
    op.succeed();
  }

 private:
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
  };
  static constexpr operation::type kind{"work_queue::submit", never_completed, pending::leave,
                                        destroy_operation<pending>, drop_policy::withdraw};

  bool take_back(pending& op) noexcept {
    if (!give_up_(queue_, op.submission)) return false;
    pending_.erase(op.submission);
    return true;
  }

  void* queue_;
  give_up give_up_;
  std::unordered_map<std::uint64_t, pending*> pending_;
};

}  // namespace weft::detail
