// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include <weft/async/frame_pool.hpp>
#include <weft/core/source_location.hpp>
#include <weft/world/transport.hpp>

namespace weft {

class loop;
class operation;

/// Chooses the constructor of an operation that may be done before anyone has to know of it.
struct unlisted_t {};
inline constexpr unlisted_t unlisted{};

/// Told when an operation is done. `notify` is called while the loop polls: it may only note the fact or schedule.
struct waiter {
  void (*notify)(waiter& self) noexcept = nullptr;
};

enum class operation_state : std::uint8_t { pending, succeeded, failed, cancelled };

/// What became of an attempt to withdraw an operation.
enum class withdrawal : std::uint8_t {
  withdrawn,   ///< it never happened
  too_late,    ///< it has completed; its value (or error) is there
  impossible,  ///< it goes on (a send: Open MPI cannot take one back)
};

/// What happens to a pending operation when its future is destroyed.
enum class drop_policy : std::uint8_t {
  withdraw,  ///< it is withdrawn (a receive, a timer, a local wait)
  park,      ///< it goes on without the future: it owns what it uses (a send of a moved-in buffer)
  hold,      ///< the caller is held until it is done: it borrows the caller's buffer
  detach,    ///< another owner keeps it (a task in a scope)
};

/// What a pending operation awaits: the record that the hang diagnosis, the trace and the end-of-run report read.
struct wait_record {
  const char* what = "";  ///< "irecv", "sleep", "semaphore", ...
  int peer = any_source;  ///< rank, or `any_source`
  int tag = any_tag;
  source_location where;  ///< the call that started it
  bool awaited = false;   ///< a coroutine or callback waits for it
};

/// The state of something that completes later: a pooled block at a fixed address, owned by a `future`. Derived types
/// add the value and what they need to produce it. One thread; never moved.
class operation {
 public:
  /// One static table per concrete type.
  struct type {
    const char* name;
    /// The transport handed out the operation's completion. Ends in `succeed`, `fail`, or more work.
    void (*complete)(operation& self, const completion& result) noexcept;
    /// Tries to withdraw. Unless impossible, the operation is done afterwards.
    withdrawal (*withdraw)(operation& self) noexcept;
    /// Destroys the object and gives its block back.
    void (*destroy)(operation& self) noexcept;
    /// What the destructor of its future does while it is pending.
    drop_policy on_drop = drop_policy::withdraw;
  };

  operation(loop& on, const type& kind, source_location where) noexcept : loop_(&on), kind_(&kind), where_(where) {
    link();
  }
  /// Not among the loop's pending operations until `enlist` is called.
  operation(loop& on, const type& kind, source_location where, unlisted_t) noexcept
      : loop_(&on), kind_(&kind), where_(where) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  bool done() const noexcept { return state_ != operation_state::pending; }
  operation_state state() const noexcept { return state_; }
  loop& on() const noexcept { return *loop_; }
  const type& kind() const noexcept { return *kind_; }
  const source_location& where() const noexcept { return where_; }
  wait_record record() const noexcept { return {kind_->name, peer_, tag_, where_, waiter_ != nullptr}; }

  void enlist() noexcept { link(); }
  void succeed() noexcept { finish(operation_state::succeeded); }
  /// `succeed` of an operation that was never listed and that nobody waits for yet.
  void succeed_unlisted() noexcept { state_ = operation_state::succeeded; }
  void fail(std::exception_ptr error) noexcept {
    error_ = std::move(error);
    finish(operation_state::failed);
  }
  void cancelled() noexcept { finish(operation_state::cancelled); }

  /// Throws the error of an operation that is done and has one; marks it as seen.
  void check() {
    if (state_ == operation_state::succeeded) [[likely]]
      return;
    throw_error();
  }
  bool has_unseen_error() const noexcept { return state_ == operation_state::failed && !seen_; }
  void mark_seen() noexcept { seen_ = true; }
  const std::exception_ptr& error() const noexcept { return error_; }

  void set_waiter(waiter* who) noexcept { waiter_ = who; }
  /// The waiter is an owner as well: the future may be destroyed while it waits.
  void set_owning_waiter(waiter* who) noexcept {
    waiter_ = who;
    waiter_owns_ = true;
    ++owners_;
  }
  waiter* current_waiter() const noexcept { return waiter_; }

  withdrawal withdraw() noexcept { return done() ? withdrawal::too_late : kind_->withdraw(*this); }
  /// The future is gone: do as the type's `on_drop` says, then give up its ownership. A coroutine that
  /// still awaits it gets `operation_cancelled`, or the value if it goes on.
  void drop() noexcept {
    if (state_ != operation_state::succeeded) [[unlikely]]
      return drop_slowly();
    if (--owners_ == 0) kind_->destroy(*this);
  }
  /// Waits, in plain code, for an operation that lives on the caller's stack. Whatever is thrown, it is then done.
  void wait_here(const char* call, source_location where) {
    if (!done()) [[likely]]
      wait_to_the_end(call, where);
  }
  /// An operation starts with one owner, its future. The last owner to leave destroys it; an error that nobody saw is
  /// reported then.
  void add_owner() noexcept { ++owners_; }
  void release_owner() noexcept;
  bool future_gone() const noexcept { return future_gone_; }

  // What the transport said; set by `complete` of the types that receive.
  op_number number = op_number::completed;
  std::uint64_t bytes = 0;
  int peer_ = any_source;
  int tag_ = any_tag;

  operation* next_pending() const noexcept { return next_; }

 protected:
  ~operation() {
    if (linked_) unlink();
  }

 private:
  friend class loop;
  void finish(operation_state state) noexcept;
  void drop_slowly() noexcept;
  void wait_to_the_end(const char* call, source_location where);
  void link() noexcept;
  void unlink() noexcept;
  [[noreturn]] void throw_error();

  loop* loop_;
  const type* kind_;
  waiter* waiter_ = nullptr;
  operation* next_ = nullptr;
  operation* previous_ = nullptr;
  std::exception_ptr error_;
  // Not in one word with `owners_`: a compiler that compares both by one load would stall on the bytes just written.
  operation_state state_ = operation_state::pending;
  source_location where_;
  std::uint32_t owners_ = 1;
  bool seen_ = false;
  bool linked_ = false;
  bool future_gone_ = false;
  bool waiter_owns_ = false;
};

/// An operation with a value of type T, made in place by `emplace`.
template <class T>
class value_operation : public operation {
 public:
  using operation::operation;
  template <class... Args>
  T& emplace(Args&&... args) {
    T* made = new (static_cast<void*>(&storage_)) T(std::forward<Args>(args)...);
    has_value_ = true;
    return *made;
  }
  bool has_value() const noexcept { return has_value_; }
  T& value() noexcept { return *std::launder(reinterpret_cast<T*>(&storage_)); }
  T take() { return std::move(value()); }

 protected:
  ~value_operation() {
    if (has_value_) value().~T();
  }

 private:
  alignas(T) std::byte storage_[sizeof(T)];
  bool has_value_ = false;
};

template <>
class value_operation<void> : public operation {
 public:
  using operation::operation;
  void take() noexcept {}

 protected:
  ~value_operation() = default;
};

namespace detail {

/// Makes an object in a pooled block.
template <class T, class... Args>
T* make_pooled(Args&&... args) {
  void* memory = frame_pool::allocate(sizeof(T));
  try {
    return ::new (memory) T(std::forward<Args>(args)...);
  } catch (...) {
    frame_pool::release(memory, sizeof(T));
    throw;
  }
}

/// Makes an operation of type Op in a pooled block.
template <class Op, class... Args>
Op* make_operation(Args&&... args) {
  static_assert(alignof(Op) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "over-aligned values cannot live in an operation");
  return make_pooled<Op>(std::forward<Args>(args)...);
}

/// The `destroy` entry of a concrete operation type.
template <class Op>
void destroy_operation(operation& self) noexcept {
  Op* op = static_cast<Op*>(&self);
  op->~Op();
  frame_pool::release(op, sizeof(Op));
}

/// The `complete` entry of types that the transport never completes.
void never_completed(operation& self, const completion& result) noexcept;

}  // namespace detail
}  // namespace weft
