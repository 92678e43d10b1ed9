// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/core/config.hpp>
#include <weft/core/log.hpp>
#include <weft/port/hub.hpp>
#include <weft/world/world.hpp>

namespace weft {

/// A rank's loop, communicator and ports in one object, and the world that they live in. Collective to construct and to
/// destroy (every rank, in the same order); constructing it waits for nobody.
///
/// It is taken for its loop wherever one is asked for: `sleep_for(ctx, 5ms)`, `async_mutex m(ctx)`.
class context {
 public:
  /// From something that a world implementation knows (an `MPI_Comm`, with `weft/mpi/context.hpp`), duplicated.
  template <class Native>
  requires requires(const Native& n) {
    { world_from<Native>::make(n) } -> std::same_as<weft::world>;
  }
  explicit context(const Native& native) : context(world_from<Native>::make(native)) {}
  template <class Native>
  requires requires(const Native& n) {
    { world_from<Native>::make(n) } -> std::same_as<weft::world>;
  }
  context(const Native& native, config settings)
      : context(world_from<Native>::make(native, settings.values()), std::move(settings)) {}

  /// Settings come from the world's environment (`WEFT_*`); throws `usage_error` for a wrong one.
  explicit context(weft::world outside) : context(std::make_unique<weft::world>(std::move(outside))) {}
  context(weft::world&& outside, config settings);

  /// The orderly end: cancels the tasks of this context, sends what was posted, waits until every rank has received
  /// everything, frees the communicator. Serves the ports that still exist meanwhile. Does not wait for the others if
  /// an exception is passing through, or the loop has failed: they may never come, and the job is about to be ended.
  ~context();
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  int rank() const noexcept { return hub_.rank(); }
  int size() const noexcept { return hub_.size(); }

  /// The communicator of all ranks of the context.
  communicator& world() noexcept { return world_; }
  weft::loop& loop() noexcept { return loop_; }
  operator weft::loop&() noexcept { return loop_; }
  weft::transport& transport() const noexcept { return *outside_.transport; }
  weft::host& host() const noexcept { return *outside_.host; }
  weft::storage* storage() const noexcept { return outside_.storage.get(); }
  const config& settings() const noexcept { return settings_; }
  const logger& log() const noexcept { return log_; }

  /// Starts a task in the context's scope: it is cancelled when the context is destroyed, and `quiescence` waits for
  /// it.
  template <class T>
  future<T> spawn(task<T> body, source_location where = source_location::current()) {
    return weft::spawn(loop_, std::move(body), where);
  }
  /// Runs a task to its end from plain code and returns its value.
  template <class T>
  T run(task<T> body, source_location where = source_location::current()) {
    return weft::run(loop_, std::move(body), where);
  }
  /// Runs `call()` on the loop, soon. From any thread.
  template <class F>
  void post(F&& call) {
    loop_.post(std::forward<F>(call));
  }
  /// Makes progress from anywhere, for instance within a long computation; runs no user code.
  bool poll() { return loop_.poll(); }

  /// The program has computed for so long. Under MPI that time has passed already, and this does nothing; in the simulator,
  /// which does not see the time that a computation takes, it passes now.
  void compute(duration length) { outside_.transport->compute(length); }

  /// Collective: ready when every rank has called it, every message posted on any port has been handled (a coroutine
  /// handler to its end) and no task of the context's scope is left on any rank, but for tasks that await this. Such a
  /// task must await the future itself. Mattern's four-counter method, one sum over all ranks per wave.
  future<void> quiescence(source_location where = source_location::current()) { return hub_.quiescence(where); }
  /// Collective: what the destructor does, without blocking. Posting to other ranks afterwards throws `usage_error`.
  future<void> shutdown(source_location where = source_location::current());

  /// Ends the job on every rank at once.
  [[noreturn]] void abort(int code);

  const port_metrics& ports() const noexcept { return hub_.metrics(); }
  /// What ports are made on; for the library's own objects.
  detail::message_hub& hub() noexcept { return hub_; }

 private:
  explicit context(std::unique_ptr<weft::world> outside);
  void close() noexcept;
  void report_unfinished() noexcept;
  void report_undelivered() noexcept;

  detail::abandoned_operations abandoned_;  // before the world: destroyed after it
  weft::world outside_;
  config settings_;
  logger log_;
  weft::loop loop_;
  communicator world_;
  detail::message_hub hub_;
  time_point started_;
  int unwinding_;
};

}  // namespace weft
