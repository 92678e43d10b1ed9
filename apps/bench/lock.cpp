// SPDX-License-Identifier: BSL-1.0
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <weft/async/async.hpp>
#include <weft/message/mutex.hpp>
#include <weft/mpi/native.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

constexpr int request_tag = 1;
constexpr int grant_tag = 2;

/// Ranks other than 0 take turns; rank 0 is the home. A turn is a request, a grant, and the news that it is over.
class turns {
 public:
  explicit turns(context& ctx) : ctx_(ctx), comm_(mpi::native(ctx.world())), lock_(ctx), over_(ctx.loop()) {
    const auto end = [this](int, std::int64_t) {
      if (++ended_ == ctx_.size() - 1) over_.set();
    };
    ends_ = std::make_unique<port<std::int64_t>>(ctx, end);
  }

  void locked(int count) {
    over_.reset();
    if (ctx_.rank() == 0) {
      ctx_.run(serve());
      ended_ = 0;
      return;
    }
    ctx_.run(take_turns(count));
    ends_->post(0, 0);
    ctx_.poll();
  }

  enum news : std::int32_t { wanted, over, left };
  void raw(int count) {
    if (ctx_.rank() == 0) {
      serve_raw();
      return;
    }
    for (int i = 0; i < count; ++i) {
      tell(wanted);
      std::int32_t grant = 0;
      MPI_Recv(&grant, 1, MPI_INT32_T, 0, grant_tag, comm_, MPI_STATUS_IGNORE);
      tell(over);
    }
    tell(left);
  }

 private:
  task<> take_turns(int count) {
    for (int i = 0; i < count; ++i) {
      const permit held = co_await lock_.lock();
      if (!held.holds()) throw error("a lock was given that nobody holds");
    }
  }
  task<> serve() { co_await over_.wait(); }

  void tell(news what) const {
    const std::int32_t word = what;
    MPI_Send(&word, 1, MPI_INT32_T, 0, request_tag, comm_);
  }
  /// The home of a lock as one writes it by hand: first come, first served.
  void serve_raw() const {
    std::deque<int> queue;
    bool is_held = false;
    for (int ranks = ctx_.size() - 1; ranks > 0;) {
      std::int32_t word = 0;
      MPI_Status status;
      MPI_Recv(&word, 1, MPI_INT32_T, MPI_ANY_SOURCE, request_tag, comm_, &status);
      if (word == wanted) queue.push_back(status.MPI_SOURCE);
      if (word == over) is_held = false;
      if (word == left) --ranks;
      if (is_held || queue.empty()) continue;
      is_held = true;
      MPI_Send(&word, 1, MPI_INT32_T, queue.front(), grant_tag, comm_);
      queue.pop_front();
    }
  }

  context& ctx_;
  MPI_Comm comm_;
  mutex lock_;
  async_event over_;
  int ended_ = 0;
  std::unique_ptr<port<std::int64_t>> ends_;
};

/// How long each rank waits for its turns, all of them taking turns at once.
void tell_fairness(runner& with, context& ctx, int times) {
  mutex lock(ctx);
  ctx.world().barrier();
  std::vector<double> waits;
  waits.reserve(static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) {
    const auto asked = std::chrono::steady_clock::now();
    const permit held = lock.lock().get();
    waits.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - asked).count());
  }
  ctx.quiescence().get();
  const double mine[2] = {std::accumulate(waits.begin(), waits.end(), 0.0) / times,
                          *std::max_element(waits.begin(), waits.end())};
  std::vector<double> all(2 * static_cast<std::size_t>(ctx.size()));
  MPI_Gather(mine, 2, MPI_DOUBLE, all.data(), 2, MPI_DOUBLE, 0, mpi::native(ctx.world()));
  if (ctx.rank() != 0) return;
  double sum = 0;
  double least = all[0];
  double most = all[0];
  double longest = 0;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    sum += all[i];
    least = std::min(least, all[i]);
    most = std::max(most, all[i]);
    longest = std::max(longest, all[i + 1]);
  }
  const double mean = sum / ctx.size();
  fmt::print("fairness: {} ranks, {} turns each; at most {} other grants from arrival to grant; mean wait {:.1f} us, of "
             "the ranks {:.3f} to {:.3f} of it; longest {:.0f} us\n",
             ctx.size(), times, lock.most_grants_waited(), mean, least / mean, most / mean, longest);
  with.note("fairness", {{"ranks", ctx.size()},
                         {"turns", times},
                         {"most_grants_waited", lock.most_grants_waited()},
                         {"mean_wait_us", mean},
                         {"least_mean", least / mean},
                         {"most_mean", most / mean},
                         {"longest_us", longest}});
}

}  // namespace

void locks(runner& with, context& ctx) {
  turns all(ctx);
  with.run({"handover", [&](int count) { all.locked(count); }, {{"raw", [&](int count) { all.raw(count); }}}});
  ctx.quiescence().get();
  if (with.wants("fairness")) tell_fairness(with, ctx, with.repetitions(10'000 / ctx.size()));
}

}  // namespace weft::bench
