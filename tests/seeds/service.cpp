// SPDX-License-Identifier: BSL-1.0
// A queue between ranks that put and wait for results, and ranks that serve: each result comes, from a rank that may
// take the item, although those that wait take nothing themselves. So a thief that is forgotten is a standstill.
#include <optional>
#include <vector>

#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

constexpr int nobody = -1;

struct job {
  std::int64_t number = 0;
  int bound_to = nobody;  ///< the only rank that may take it
};

struct plan {
  std::uint64_t seed = 1;
  int ranks = 1;
  std::vector<char> serves;  ///< by rank; rank 0 does
};

struct books {
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t given_up = 0;
  std::string wrong;
};

using service_queue = work_queue<job, std::int64_t>;

class participant {
 public:
  participant(context& ctx, const plan& how, books& all)
      : ctx_(ctx),
        how_(how),
        all_(all),
        random_(how.seed * 6151 + static_cast<std::uint64_t>(ctx.rank())),
        queue_(ctx, options(how)) {}

  task<> run() {
    const bool is_server = how_.serves[static_cast<std::size_t>(ctx_.rank())] != 0;
    if (is_server) {
      auto serving = ctx_.spawn(serve());
      if (random_.below(2) == 0) co_await ask();
      queue_.close();
      co_await serving;
    } else {
      co_await ask();
      queue_.close();
      co_await serve();
    }
    if (!queue_.drained()) all_.wrong = "an empty get before the end";
  }

 private:
  static queue_options options(const plan& how) {
    queue_options made;
    if (how.seed % 3 == 0) made.capacity = 8;
    return made;
  }

  task<> serve() {
    while (auto next = co_await queue_.get()) {
      auto held = std::move(*next);
      if (held->bound_to != nobody && held->bound_to != ctx_.rank())
        all_.wrong = "an item was taken by a rank that must not";
      if (random_.below(3) == 0) co_await sleep_for(ctx_, duration(static_cast<std::int64_t>(random_.below(20'000))));
      held.done(held->number * 3);
    }
  }

  task<> ask() {
    for (int i = bounded_steps(4 + static_cast<int>(random_.below(14))); i > 0; --i) {
      std::vector<std::pair<std::int64_t, future<std::int64_t>>> results;
      for (std::uint64_t count = 1 + random_.below(random_.below(3) == 0 ? 10 : 2); count > 0; --count) {
        const job wanted = draw_job();
        results.emplace_back(wanted.number, queue_.submit(wanted, options_of(wanted)));
        ++all_.asked;
      }
      for (auto& [number, result] : results) co_await check(number, result);
      if (random_.below(4) == 0) co_await push();
    }
  }
  job draw_job() {
    job made{ctx_.rank() + std::int64_t{1000} * ++made_, nobody};
    if (random_.below(4) == 0) made.bound_to = server();
    return made;
  }
  put_options options_of(const job& wanted) {
    put_options how;
    if (wanted.bound_to != nobody) {
      how.rank = wanted.bound_to;
      how.where = placement::rank;
    }
    how.priority = static_cast<int>(random_.below(3)) - 1;
    if (random_.below(8) == 0) how.delay = duration(static_cast<std::int64_t>(random_.below(100'000)));
    return how;
  }
  int server() {
    for (;;) {
      const auto rank = random_.below(static_cast<std::uint64_t>(how_.ranks));
      if (how_.serves[rank] != 0) return static_cast<int>(rank);
    }
  }
  task<> check(std::int64_t number, future<std::int64_t>& result) {
    bool has_asked_back = false;
    if (random_.below(10) == 0) {
      co_await sleep_for(ctx_, duration(static_cast<std::int64_t>(random_.below(3'000))));
      has_asked_back = true;
      static_cast<void>(result.cancel());  // if the item is elsewhere, the answer tells
    }
    try {
      if (co_await result != number * 3) all_.wrong = "a wrong result";
      ++all_.answered;
    } catch (const operation_cancelled&) {
      if (!has_asked_back) all_.wrong = "a result was cancelled by nobody";
      ++all_.given_up;
    }
  }
  /// More items for one rank than it lets in without being asked.
  task<> push() {
    const int to = server();
    for (std::uint64_t count = random_.below(3) == 0 ? 1'200 + random_.below(400) : random_.below(20); count > 0;
         --count)
      co_await queue_.put(job{0, nobody}, put_options{.rank = to});
  }

  context& ctx_;
  const plan& how_;
  books& all_;
  random_source random_;
  service_queue queue_;
  std::int64_t made_ = 0;
};

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  plan how;
  how.seed = seed;
  how.ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
  for (int rank = 0; rank < how.ranks; ++rank) how.serves.push_back(rank == 0 || random.below(3) == 0);
  books all;
  const auto program = [&](context& ctx) -> task<> {
    participant one(ctx, how, all);
    co_await one.run();
  };
  sim::world cluster(draw_world(seed));
  const sim::outcome end = cluster.run(program, how.ranks);
  counts.messages = cluster.counts().messages;
  if (std::string text = trouble(cluster, end, how.ranks); !text.empty()) return text;
  if (!all.wrong.empty()) return all.wrong;
  if (all.asked == all.answered + all.given_up) return {};
  return std::to_string(all.asked) + " results asked for, " + std::to_string(all.answered) + " came";
}

}  // namespace

const suite service_suite{"service", run};

}  // namespace weft::seeds
