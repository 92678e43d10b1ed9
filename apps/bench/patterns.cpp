// SPDX-License-Identifier: BSL-1.0
#include "patterns.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/comm/communicator.hpp>

#include "harness.hpp"

namespace weft::bench {

namespace {

constexpr int tag = 1;
constexpr int window = 64;
constexpr int turns = 20;  // of a batch of the ping-pong
constexpr std::size_t columns = 1024;
constexpr std::size_t rows = 64;

double ns_since(context& ctx, time_point start) {
  return static_cast<double>(duration(ctx.loop().now() - start).count());
}

task<double> ping_pong(context& ctx, std::size_t bytes, int batches) {
  communicator& world = ctx.world();
  const int other = 1 - ctx.rank();
  std::vector<double> data(bytes / sizeof(double), 1.0);
  const std::span<double> view(data);
  std::vector<double> found;
  for (int batch = 0; batch < batches; ++batch) {
    const time_point start = ctx.loop().now();
    for (int i = 0; i < turns; ++i) {
      if (ctx.rank() == 0) co_await world.isend(other, tag, view);
      co_await world.irecv(view, other, tag);
      if (ctx.rank() != 0) co_await world.isend(other, tag, view);
    }
    found.push_back(ns_since(ctx, start) / (2 * turns));
  }
  co_return median(std::move(found));
}

/// 64 messages one way, then one back, begun when the receives stand; the time of starting them and the whole.
task<> window_of_64(context& ctx, int batches, pattern_times& into) {
  communicator& world = ctx.world();
  const int other = 1 - ctx.rank();
  double value = 1.0;
  std::vector<future<void>> sends;
  std::vector<future<double>> receives;
  sends.reserve(window);
  receives.reserve(window);
  std::vector<double> issues, wholes;
  for (int batch = 0; batch < batches; ++batch) {
    if (ctx.rank() == 0) {
      value = co_await world.irecv<double>(other, tag);
      const time_point start = ctx.loop().now();
      for (int k = 0; k < window; ++k) sends.push_back(world.isend(other, tag, value));
      issues.push_back(ns_since(ctx, start) / window);
      co_await when_all(sends);
      sends.clear();
      value = co_await world.irecv<double>(other, tag);
      wholes.push_back(ns_since(ctx, start));
    } else {
      for (int k = 0; k < window; ++k) receives.push_back(world.irecv<double>(other, tag));
      co_await world.isend(other, tag, value);
      co_await when_all(receives);
      receives.clear();
      co_await world.isend(other, tag, value);
    }
  }
  into.issue = ctx.rank() == 0 ? median(std::move(issues)) : 0;
  into.window = ctx.rank() == 0 ? median(std::move(wholes)) : 0;
}

/// Two grids with a row of the neighbours' above and below.
class mesh {
 public:
  mesh() : old_(columns * (rows + 2), 1.0), next_(old_) {}

  std::span<double> row(std::size_t i) { return {&old_[i * columns], columns}; }
  void step() {
    for (std::size_t i = 1; i <= rows; ++i) {
      const double* const above = &old_[(i - 1) * columns];
      const double* const here = &old_[i * columns];
      const double* const below = &old_[(i + 1) * columns];
      double* const out = &next_[i * columns];
      for (std::size_t j = 1; j + 1 < columns; ++j)
        out[j] = 0.2 * (here[j] + here[j - 1] + here[j + 1] + above[j] + below[j]);
    }
    old_.swap(next_);
  }

 private:
  std::vector<double> old_, next_;
};

task<double> halo(context& ctx, int batches, duration stencil) {
  communicator& world = ctx.world();
  const int above = (ctx.rank() + ctx.size() - 1) % ctx.size();
  const int below = (ctx.rank() + 1) % ctx.size();
  mesh mine;
  std::vector<double> found;
  for (int batch = 0; batch < batches; ++batch) {
    const time_point start = ctx.loop().now();
    auto from_above = world.irecv(mine.row(0), above, tag);
    auto from_below = world.irecv(mine.row(rows + 1), below, tag + 1);
    auto to_below = world.isend(below, tag, mine.row(rows));
    auto to_above = world.isend(above, tag + 1, mine.row(1));
    co_await std::move(from_above);
    co_await std::move(from_below);
    co_await std::move(to_below);
    co_await std::move(to_above);
    mine.step();
    ctx.compute(stencil);
    found.push_back(ns_since(ctx, start));
  }
  co_return median(std::move(found));
}

/// Both ranks at the same time, as in a step of the halo exchange.
task<double> stencil_alone(context& ctx, int batches) {
  mesh mine;
  std::vector<double> found;
  co_await ctx.world().ibarrier();
  for (int batch = 0; batch < batches; ++batch) {
    const time_point start = ctx.loop().now();
    mine.step();
    found.push_back(ns_since(ctx, start));
  }
  co_return median(std::move(found));
}

}  // namespace

task<pattern_times> measure_patterns(context& ctx, pattern_plan plan) {
  pattern_times all;
  for (const std::size_t bytes : ping_pong_sizes) all.ping_pong[bytes] = co_await ping_pong(ctx, bytes, plan.batches);
  co_await window_of_64(ctx, plan.batches, all);
  all.stencil = co_await stencil_alone(ctx, plan.batches);
  all.halo = co_await halo(ctx, plan.batches, plan.stencil);
  co_return all;
}

}  // namespace weft::bench
