// SPDX-License-Identifier: BSL-1.0
// Mutexes, shared mutexes and semaphores under time-outs, cancellation and errors at random places: never more inside
// than may be, nobody waits longer than the queue is, and at the end everything is free.
#include <memory>
#include <stdexcept>
#include <vector>

#include <weft/message/mutex.hpp>
#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

/// What all ranks share, to be judged by: the simulator runs them in one process.
struct books {
  int alone = 0;
  int readers = 0;
  int writers = 0;
  std::uint32_t units = 0;
  std::string wrong;
};

constexpr std::uint32_t units_of_all = 3;

struct objects {
  objects(context& ctx, int home)
      : lock(ctx, {.home = home}), shared(ctx, {.home = home}), pool(ctx, units_of_all, {.home = home}) {}
  mutex lock;
  shared_mutex shared;
  semaphore pool;
};

template <class Count>
struct counted {
  counted(Count& where, Count by) : of(where), much(by) { of += much; }
  ~counted() { of -= much; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  Count& of;
  Count much;
};

class visitor {
 public:
  visitor(context& ctx, objects& on, books& all, std::uint64_t seed) : ctx_(ctx), on_(on), all_(all), random_(seed) {}

  task<> run() {
    const int steps = bounded_steps(6 + static_cast<int>(random_.below(44)));
    for (int i = 0; i < steps; ++i) {
      try {
        if (random_.below(3) == 0) {
          co_await with_timeout(step(), duration(static_cast<std::int64_t>(random_.below(60'000))));
        } else {
          co_await step();
        }
      } catch (const timed_out&) {
      } catch (const std::runtime_error&) {
      }
    }
  }

 private:
  task<> step() {
    switch (random_.below(4)) {
      case 0:
        return alone();
      case 1:
        return read();
      case 2:
        return write();
      default:
        return take_units();
    }
  }
  task<> alone() {
    const permit held = co_await on_.lock.lock();
    const counted<int> inside(all_.alone, 1);
    if (all_.alone != 1) all_.wrong = "two hold the mutex";
    co_await stay();
  }
  task<> read() {
    const permit held = co_await on_.shared.lock_shared();
    const counted<int> inside(all_.readers, 1);
    if (all_.writers != 0) all_.wrong = "a reader is beside a writer";
    co_await stay();
  }
  task<> write() {
    const permit held = co_await on_.shared.lock();
    const counted<int> inside(all_.writers, 1);
    if (all_.writers != 1 || all_.readers != 0) all_.wrong = "a writer is not alone";
    co_await stay();
  }
  task<> take_units() {
    const auto wanted = static_cast<std::uint32_t>(1 + random_.below(units_of_all));
    const permit held = co_await on_.pool.acquire(wanted);
    const counted<std::uint32_t> inside(all_.units, wanted);
    if (held.units() != wanted || all_.units > units_of_all) all_.wrong = "more units are taken than there are";
    co_await stay();
  }
  task<> stay() {
    if (random_.below(2) == 0) co_await sleep_for(ctx_, duration(static_cast<std::int64_t>(random_.below(10'000))));
    if (random_.below(8) == 0) throw std::runtime_error("fell inside");
  }

  context& ctx_;
  objects& on_;
  books& all_;
  random_source random_;
};

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
  const int visitors = 1 + static_cast<int>(random.below(6));
  const int home = static_cast<int>(random.below(static_cast<std::uint64_t>(ranks)));
  books all;
  const auto program = [&](context& ctx) -> task<> {
    objects mine(ctx, home);
    std::vector<std::unique_ptr<visitor>> here;
    for (int i = 0; i < visitors; ++i) {
      here.push_back(std::make_unique<visitor>(ctx, mine, all,
                                               seed * 3001 + static_cast<std::uint64_t>(ctx.rank() * visitors + i)));
    }
    {
      scope these(ctx);
      for (auto& each : here) auto running = these.spawn(each->run());
      co_await these.join();
    }
    co_await ctx.quiescence();
    if (mine.pool.waiting() != 0 || mine.pool.queued() != 0 || mine.lock.queued() != 0 || mine.shared.queued() != 0) {
      all.wrong = "somebody waits at the end";
    }
    if (ctx.rank() != home) co_return;
    if (mine.pool.available() != units_of_all || !mine.pool.holders().empty() || mine.lock.holder() != -1) {
      all.wrong = "somebody holds something at the end";
    }
    if (mine.lock.most_grants_waited() >= static_cast<std::uint64_t>(ranks * visitors))
      all.wrong = "somebody was overtaken";
  };
  if (std::string text = run_once(program, ranks, seed, counts); !text.empty()) return text;
  return all.wrong;
}

}  // namespace

const suite lock_suite{"locks", run};

}  // namespace weft::seeds
