// SPDX-License-Identifier: BSL-1.0
#include "batch.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <weft/async/scope.hpp>
#include <weft/async/signal.hpp>
#include <weft/async/timer.hpp>
#include <weft/port/port.hpp>

#include "worker.hpp"

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

constexpr int root = 0;
constexpr std::array signals{SIGTERM, SIGINT, SIGUSR1};

posix::supervisor_options supervision(context& ctx, const results_directory& directory, const batch_terms& terms) {
  posix::supervisor_options options;
  options.rank = ctx.rank();
  options.slots = terms.slots;
  options.output = directory.output_of_node(ctx.host().node().name);
  options.output_limit = terms.output_limit;
  if (terms.has_journal != 0) options.lock_file = directory.lock_file();
  return options;
}

/// One rank's part of a batch.
class batch_run final : public crew {
 public:
  batch_run(context& ctx, const results_directory& directory, const batch_terms& terms, const batch_options& options,
            batch_input* input)
      : ctx_(ctx),
        left_(ctx.loop()),
        tasks_(ctx, task_handler{this}, port_options{.name = "farm tasks"}),
        ends_(ctx, end_handler{this}, port_options{.name = "farm results"}),
        orders_(ctx, order_handler{this}, port_options{.name = "farm orders"}),
        news_(ctx, signal_handler{this}, port_options{.name = "farm signals"}),
        helpers_(ctx.loop()) {
    for (std::size_t i = 0; i < signals.size(); ++i) watches_[i].emplace(ctx.loop(), signals[i]);
    worker_.emplace(ctx.loop(), supervision(ctx, directory, terms),
                    [this](const worker::reports& ends) { ends_.post(root, ends); });
    if (input != nullptr) conductor_.emplace(ctx, *input, options, *this);
  }

  weft::task<batch_report> run() {
    for (std::size_t i = 0; i < signals.size(); ++i) helpers_.spawn(watch(*watches_[i], signals[i]));
    if (conductor_) {
      co_await conductor_->run();
      for (int rank = 0; rank < ctx_.size(); ++rank) tell(rank, order::leave);
    }
    co_await left_.wait();
    co_await worker_->close();
    helpers_.cancel();
    co_await ctx_.quiescence();  // every rank has left; a signal's message may still have been under way
    co_return conductor_ ? conductor_->report() : batch_report{};
  }

 private:
  // Named types: a temporary of a capturing lambda with a destructor must not stand in a co_await expression.
  struct task_handler {
    batch_run* batch;
    void operator()(int, const std::vector<posix::supervised_task>& tasks) const { batch->worker_->start(tasks); }
  };
  struct end_handler {
    batch_run* batch;
    void operator()(int rank, const worker::reports& ends) const { batch->conductor_->take(rank, ends); }
  };
  struct order_handler {
    batch_run* batch;
    void operator()(int, order what) const { batch->obey(what); }
  };
  struct signal_handler {
    batch_run* batch;
    void operator()(int, int signal) const { batch->conductor_->stop(signal); }
  };

  void give(int rank, std::vector<posix::supervised_task> tasks) override { tasks_.post(rank, std::move(tasks)); }
  void tell(int rank, order what) override { orders_.post(rank, what); }

  void obey(order what) {
    switch (what) {
      case order::give_back:
        return worker_->give_back();
      case order::hold_on:
        worker_->note_stop();
        return worker_->give_back();
      case order::stop:
        return worker_->stop();
      case order::leave:
        return left_.set();
    }
  }

  /// The rank's own supervisor is told at once: by way of rank 0 it might be too late.
  weft::task<> watch(signal_watch& of, int signal) {
    for (;;) {
      co_await of.next();
      obey(signal == SIGUSR1 ? order::hold_on : order::stop);
      news_.post(root, signal);
    }
  }

  context& ctx_;
  std::array<std::optional<signal_watch>, signals.size()> watches_;
  async_event left_;
  std::optional<worker> worker_;
  std::optional<conductor> conductor_;
  port<std::vector<posix::supervised_task>> tasks_;
  port<worker::reports> ends_;
  port<order> orders_;
  port<int> news_;
  scope helpers_;
};

}  // namespace

weft::task<batch_report> run_batch(context& ctx, const results_directory& directory, const batch_terms& terms,
                                   const batch_options& options, batch_input* input) {
  // The folder's lock, on every rank: the next run waits until this one's processes have ended.
  std::optional<journal_folder> folder;
  if (terms.has_journal != 0 && ctx.rank() != root) {
    folder.emplace(*ctx.storage(), file_space::shared, directory.journal_folder());
    folder->join(terms.run, ctx.loop().now() + 1s);
    while (!folder->ready()) co_await sleep_for(ctx.loop(), 1ms);
  }
  batch_run batch(ctx, directory, terms, options, input);
  batch_report report = co_await batch.run();
  co_return report;
}

}  // namespace weft::farm
