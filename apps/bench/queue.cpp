// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include <weft/async/async.hpp>
#include <weft/mpi/native.hpp>
#include <weft/queue/work_queue.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

struct number {
  std::int64_t value;
  std::int64_t square;
};

constexpr int item_tag = 1;
constexpr int answer_tag = 2;
constexpr int batch = 64;

std::int64_t expected_sum(int count) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += i ^ (i * i);
  return sum;
}

void check(context& ctx, std::int64_t mine, int count) {
  std::int64_t sum = 0;
  MPI_Reduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, 0, mpi::native(ctx.world()));
  if (ctx.rank() == 0 && sum != expected_sum(count)) throw error("the checksum of the items is wrong");
}

number make(std::int64_t i) { return {i, i * i}; }
std::int64_t work_on(const number& n) { return n.value ^ n.square; }

// --- ours: rank 0 only puts, the others only get --------------------------------------------------------------------

task<> put_each(work_queue<number>& q, int count) {
  for (int i = 0; i < count; ++i) co_await q.put(make(i));
}
task<> put_batches(work_queue<number>& q, int count) {
  std::array<number, batch> some;
  for (int done = 0; done < count; done += batch) {
    const auto n = static_cast<std::size_t>(std::min(batch, count - done));
    for (std::size_t i = 0; i < n; ++i) some[i] = make(done + static_cast<std::int64_t>(i));
    co_await q.put(some.begin(), some.begin() + n);
  }
}
task<std::int64_t> get_each(work_queue<number>& q) {
  std::int64_t sum = 0;
  while (auto next = co_await q.get()) sum += work_on(**next);
  co_return sum;
}
task<std::int64_t> get_batches(work_queue<number>& q) {
  std::int64_t sum = 0;
  while (auto some = co_await q.get_n(batch)) {
    for (const number& n : some) sum += work_on(n);
  }
  co_return sum;
}

template <class Put, class Get>
void through_queue(context& ctx, int count, Put put, Get get) {
  work_queue<number> q(ctx);
  std::int64_t sum = 0;
  if (ctx.rank() == 0) {
    ctx.run(put(q, count));
    q.close();
    while (!q.drained()) ctx.loop().turn();
  } else {
    q.close();
    sum = ctx.run(get(q));
  }
  check(ctx, sum, count);
}

// --- raw: a master that keeps `ahead` messages of `Size` items under way to each worker
// ----------------------------------

template <int Size, int Ahead>
class master_and_worker {
 public:
  explicit master_and_worker(context& ctx) : ctx_(ctx), comm_(mpi::native(ctx.world())) {}
  void run(int count) {
    std::int64_t sum = 0;
    if (ctx_.rank() == 0) {
      lead(count);
    } else {
      sum = follow();
    }
    check(ctx_, sum, count);
  }

 private:
  using message = std::array<number, Size>;

  bool send_next(int worker, int count) {
    if (next_ == count) return false;
    message m;
    const int n = std::min(Size, count - next_);
    for (int i = 0; i < n; ++i) m[static_cast<std::size_t>(i)] = make(next_ + i);
    MPI_Send(m.data(), n * static_cast<int>(sizeof(number)), MPI_BYTE, worker, item_tag, comm_);
    next_ += n;
    return true;
  }
  void lead(int count) {
    next_ = 0;
    int under_way = 0;
    for (int ahead = 0; ahead < Ahead; ++ahead) {
      for (int worker = 1; worker < ctx_.size(); ++worker) under_way += send_next(worker, count) ? 1 : 0;
    }
    while (under_way > 0) {
      std::int64_t answer = 0;
      MPI_Status status;
      MPI_Recv(&answer, 1, MPI_INT64_T, MPI_ANY_SOURCE, answer_tag, comm_, &status);
      if (!send_next(status.MPI_SOURCE, count)) --under_way;
    }
    for (int worker = 1; worker < ctx_.size(); ++worker) MPI_Send(nullptr, 0, MPI_BYTE, worker, item_tag, comm_);
  }
  std::int64_t follow() {
    std::int64_t sum = 0;
    message m;
    for (;;) {
      MPI_Status status;
      MPI_Recv(m.data(), static_cast<int>(sizeof m), MPI_BYTE, 0, item_tag, comm_, &status);
      int bytes = 0;
      MPI_Get_count(&status, MPI_BYTE, &bytes);
      if (bytes == 0) return sum;
      for (std::size_t i = 0; i < static_cast<std::size_t>(bytes) / sizeof(number); ++i) sum += work_on(m[i]);
      MPI_Send(&sum, 1, MPI_INT64_T, 0, answer_tag, comm_);
    }
  }

  context& ctx_;
  MPI_Comm comm_;
  int next_ = 0;
};

// --- termination
// --------------------------------------------------------------------------------------------------------

task<> wait_for_end(work_queue<number>& q, double& ended) {
  auto none = co_await q.get();
  ended = MPI_Wtime();
}

/// Seconds from the destruction of the last item, on rank 0, to the last rank's empty `get`; on rank 0.
double drain_once(context& ctx) {
  constexpr double hold_seconds = 300e-6;  // the others have asked everybody by then, and have not gone to sleep
  work_queue<number> q(ctx);
  MPI_Comm comm = mpi::native(ctx.world());
  double released = 0;
  double ended = 0;
  if (ctx.rank() == 0) q.put(make(1));
  auto held = q.try_get();
  q.close();
  auto waiting = ctx.spawn(wait_for_end(q, ended));
  MPI_Barrier(comm);
  const double until = MPI_Wtime() + hold_seconds;
  while (held && MPI_Wtime() < until) ctx.loop().turn();
  if (held) released = MPI_Wtime();
  held.reset();
  waiting.get();
  double last = 0;
  MPI_Reduce(&ended, &last, 1, MPI_DOUBLE, MPI_MAX, 0, comm);
  return last - released;
}

double allreduce_once(MPI_Comm comm) {
  constexpr int rounds = 100;
  std::int64_t mine = 1;
  std::int64_t sum = 0;
  MPI_Barrier(comm);
  const double start = MPI_Wtime();
  for (int i = 0; i < rounds; ++i) MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, comm);
  return (MPI_Wtime() - start) / rounds;
}

void drain(runner& with, context& ctx) {
  const std::string name = fmt::format("drain/{}", ctx.size());
  if (!with.wants(name)) return;
  std::vector<double> ours, peers, ratios;
  for (int i = 0; i < with.repetitions(101); ++i) {
    peers.push_back(allreduce_once(mpi::native(ctx.world())) * 1e9);
    ours.push_back(drain_once(ctx) * 1e9);
    ratios.push_back(ours.back() / peers.back());
  }
  with.add({name, "allreduce", median(ours), median(peers), median(ratios), 0});
}

}  // namespace

void queues(runner& with, context& ctx) {
  master_and_worker<1, 4> single(ctx);
  contest each{fmt::format("put_get/{}", ctx.size()),
               [&](int count) { through_queue(ctx, count, put_each, get_each); },
               {{"raw, 4 ahead", [&](int count) { single.run(count); }}}};
  each.target_seconds = 0.05;
  each.repetitions = 15;
  each.most_count = 1 << 24;
  with.run(each);

  master_and_worker<batch, 2> batched(ctx);
  contest many{fmt::format("batch64/{}", ctx.size()),
               [&](int count) { through_queue(ctx, count, put_batches, get_batches); },
               {{"raw, 2 ahead", [&](int count) { batched.run(count); }}}};
  many.target_seconds = 0.05;
  many.repetitions = 15;
  many.most_count = 1 << 24;
  with.run(many);

  drain(with, ctx);
  durables(with, ctx);
}

}  // namespace weft::bench
