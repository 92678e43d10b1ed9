// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <exception>
#include <string_view>
#include <utility>

#include <weft/world/storage.hpp>

namespace weft::detail {

/// A coroutine that goes through storage operations one after the other, below the loop: each `co_await storage_wait`
/// starts one, and the completion resumes it inside `deliver_completions`. It begins at once. Destroying the
/// `storage_sequence` abandons it: the frame goes when the operation under way completes, or with the storage.
class storage_sequence {
 public:
  struct promise_type {
    storage* waits_for = nullptr;
    storage_orphan orphan;
    bool is_abandoned = false;
    std::exception_ptr failure;
    storage_sequence get_return_object() noexcept {
      return storage_sequence(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { failure = std::current_exception(); }
  };
  using handle = std::coroutine_handle<promise_type>;

  storage_sequence() noexcept = default;
  storage_sequence(storage_sequence&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  storage_sequence& operator=(storage_sequence&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~storage_sequence() {
    if (under_way()) {
      promise_type& left = frame_.promise();
      left.is_abandoned = true;
      left.orphan.frame = frame_;
      left.waits_for->adopt(left.orphan);
    } else if (frame_) {
      frame_.destroy();
    }
  }

  bool under_way() const noexcept { return frame_ && !frame_.done(); }
  /// Throws what ended the sequence early.
  void check() const {
    if (frame_ && frame_.promise().failure) std::rethrow_exception(frame_.promise().failure);
  }

 private:
  explicit storage_sequence(handle frame) noexcept : frame_(frame) {}
  handle frame_ = nullptr;
};

/// One operation of a sequence; `co_await` gives its `storage_result`. Trivially destructible, as g++ 12 wants what
/// stands in a `co_await` to be; a path must live until the operation has started only.
class storage_wait final : public storage_listener {
 public:
  static storage_wait sync(storage& files, file_id file) noexcept {
    storage_wait wait(files, kind::sync);
    wait.file_ = file;
    return wait;
  }
  static storage_wait sync_directory(storage& files, file_space space, std::string_view path) noexcept {
    storage_wait wait(files, kind::directory);
    wait.space_ = space;
    wait.path_ = path;
    return wait;
  }
  static storage_wait lock(storage& files, file_id file, lock_kind how, time_point deadline) noexcept {
    storage_wait wait(files, kind::lock);
    wait.file_ = file;
    wait.how_ = how;
    wait.deadline_ = deadline;
    return wait;
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(storage_sequence::handle frame) {
    frame_ = frame;
    frame.promise().waits_for = files_;
    if (kind_ == kind::sync) return files_->sync(file_, as_token());
    if (kind_ == kind::directory) return files_->sync_directory(space_, path_, as_token());
    files_->lock(file_, how_, deadline_, as_token());
  }
  storage_result await_resume() const noexcept { return result_; }

  void on_completed(const storage_result& result) noexcept override {
    if (frame_.promise().is_abandoned) {
      files_->forget(frame_.promise().orphan);
      return frame_.destroy();
    }
    result_ = result;
    frame_.resume();
  }

 private:
  enum class kind : std::uint8_t { sync, directory, lock };
  storage_wait(storage& files, kind what) noexcept : files_(&files), kind_(what) {}
  void* as_token() noexcept { return static_cast<storage_listener*>(this); }

  storage* files_;
  storage_sequence::handle frame_ = nullptr;
  std::string_view path_;
  time_point deadline_;
  storage_result result_;
  file_id file_ = file_id::none;
  file_space space_ = file_space::shared;
  lock_kind how_ = lock_kind::shared;
  kind kind_;
};

}  // namespace weft::detail
