// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>
#include <weft/async/task_group.hpp>

namespace weft {

/// A set of tasks that end before it does (structured concurrency): joined by `co_await s.join()`, or cancelled and
/// ended by its destructor. If a child whose future was dropped fails, its siblings are cancelled and `join` throws the
/// first such error; if nobody joins, the error is reported.
class scope {
 public:
  explicit scope(loop& on, source_location where = source_location::current()) noexcept;
  ~scope();
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

  /// Starts a child. Dropping the returned future does not stop the child.
  template <class T>
  future<T> spawn(task<T> body, source_location where = source_location::current()) {
    return detail::launch(on_, std::move(body), &group_, where);
  }
  /// Ready when no child is left. Throws the first error of a child whose future nobody holds. One caller at a time.
  future<void> join(source_location where = source_location::current());
  /// Cancels every child; they have ended when it returns (but for the caller itself, if it is a child).
  void cancel() noexcept { group_.cancel_all(); }
  /// Children that have not ended.
  std::size_t size() const noexcept { return group_.size(); }

 private:
  struct group : detail::task_group {
    scope* owner = nullptr;
  };
  void child_failed(std::exception_ptr error) noexcept;
  void emptied() noexcept;

  loop& on_;
  group group_;
  std::exception_ptr error_;
  std::optional<promise<void>> joined_;
  source_location where_;
};

}  // namespace weft
