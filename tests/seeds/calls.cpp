// SPDX-License-Identifier: BSL-1.0
// Remote calls, nested and crossing, with deadlines, dropped futures and errors at random places. Every answer is the
// right one, casts keep their order, a call that was given up leaves nothing running, and nothing is left at the end.
#include <stdexcept>
#include <vector>

#include <weft/message/rpc.hpp>
#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

struct books {
  std::string wrong;
};

struct desk {
  context* ctx = nullptr;
  rpc<desk>* calls = nullptr;
  books* all = nullptr;
  random_source random;
  int alive = 0;
  std::vector<std::uint32_t> cast_to;    ///< by rank: the last number cast to it
  std::vector<std::uint32_t> cast_from;  ///< by rank: the last number that came from it

  int some_rank() { return static_cast<int>(random.below(static_cast<std::uint64_t>(ctx->size()))); }
  duration some_time(std::uint64_t most) { return duration(static_cast<std::int64_t>(random.below(most))); }
};

struct alive_here {
  explicit alive_here(desk& at) : here(at) { ++here.alive; }
  ~alive_here() { --here.alive; }
  alive_here(const alive_here&) = delete;
  alive_here& operator=(const alive_here&) = delete;
  desk& here;
};

void note(desk& here, int from, std::uint32_t number) {
  std::uint32_t& last = here.cast_from[static_cast<std::size_t>(from)];
  if (number != last + 1)
    here.all->wrong = "cast " + std::to_string(number) + " came after cast " + std::to_string(last);
  last = number;
}

std::uint64_t twice(std::uint64_t value) {
  if (value % 13 == 0) throw std::invalid_argument("thirteen");
  return 2 * value;
}

task<int> dig(desk& here, int depth) {
  const alive_here counted(here);
  if (here.random.below(3) == 0) co_await sleep_for(*here.ctx, here.some_time(10'000));
  if (depth == 0) co_return 0;
  const int next = here.some_rank();
  const duration time = here.random.below(4) == 0 ? here.some_time(40'000) : duration::max();
  auto deeper = here.calls->call<dig>({next, time}, depth - 1);
  co_return 1 + co_await deeper;
}

class caller {
 public:
  explicit caller(desk& here) : here_(here) {}

  task<> run() {
    const int steps = bounded_steps(5 + static_cast<int>(here_.random.below(30)));
    for (int i = 0; i < steps; ++i) co_await step();
  }

 private:
  task<> step() {
    switch (here_.random.below(5)) {
      case 0:
        return ask_twice();
      case 1:
        return give_up();
      case 2:
        return cast_some();
      case 3:
        return descend(here_.some_time(60'000));
      default:
        return descend(duration::max());
    }
  }
  task<> ask_twice() {
    const std::uint64_t value = here_.random.below(1'000);
    auto answer = here_.calls->call<twice>(here_.some_rank(), value);
    try {
      const std::uint64_t doubled = co_await answer;
      if (doubled != 2 * value || value % 13 == 0) here_.all->wrong = "the answer to another question";
    } catch (const remote_error& e) {
      if (value % 13 != 0 || e.type() != "std::invalid_argument") here_.all->wrong = e.what();
    }
  }
  task<> give_up() {
    auto dropped = here_.calls->call<dig>(here_.some_rank(), 3);
    if (here_.random.below(2) == 0) co_await sleep_for(*here_.ctx, here_.some_time(20'000));
    if (!dropped.ready()) co_return;
    try {
      co_await dropped;
    } catch (const remote_error&) {  // a call within was too late; unseen, it would be reported
    }
  }
  task<> cast_some() {
    for (std::uint64_t n = 1 + here_.random.below(20); n > 0; --n) {
      const int to = here_.some_rank();
      here_.calls->cast<note>(to, here_.ctx->rank(), ++here_.cast_to[static_cast<std::size_t>(to)]);
    }
    co_return;
  }
  task<> descend(duration time) {
    const int depth = static_cast<int>(here_.random.below(5));
    auto answer = here_.calls->call<dig>({here_.some_rank(), time}, depth);
    try {
      const int reached = co_await answer;
      if (reached != depth)
        here_.all->wrong = "a nested call gave " + std::to_string(reached) + " of " + std::to_string(depth);
    } catch (const timed_out&) {
    } catch (const remote_error& e) {
      if (e.type() != "weft::timed_out") here_.all->wrong = e.what();  // of a call within
    }
  }

  desk& here_;
};

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
  const int callers = 1 + static_cast<int>(random.below(6));
  books all;
  const auto program = [&](context& ctx) -> task<> {
    const auto size = static_cast<std::size_t>(ctx.size());
    desk here{&ctx,
              nullptr,
              &all,
              random_source(seed * 2011 + static_cast<std::uint64_t>(ctx.rank())),
              0,
              std::vector<std::uint32_t>(size),
              std::vector<std::uint32_t>(size)};
    rpc calls(ctx, here);
    here.calls = &calls;
    std::vector<caller> mine(static_cast<std::size_t>(callers), caller(here));
    {
      scope these(ctx);
      for (caller& each : mine) auto running = these.spawn(each.run());
      co_await these.join();
    }
    co_await ctx.quiescence();
    if (calls.waiting() != 0 || calls.running() != 0 || here.alive != 0) {
      all.wrong = std::to_string(calls.waiting()) + " calls wait at the end, " + std::to_string(calls.running()) +
                  " run, and " + std::to_string(here.alive) + " functions are alive";
    }
    const std::vector<std::uint32_t> from_me = here.cast_to;
    const auto to_me = co_await ctx.world().ialltoall(from_me);
    if (to_me != here.cast_from) all.wrong = "casts were lost";
  };
  if (std::string text = run_once(program, ranks, seed, counts); !text.empty()) return text;
  return all.wrong;
}

}  // namespace

const suite call_suite{"calls", run};

}  // namespace weft::seeds
