// SPDX-License-Identifier: BSL-1.0
// Trees of tasks in scopes, with time-outs, cancellation and errors at random places: a scope's children end before it,
// what they hold is given back, and no message is lost by a time-out.
#include <stdexcept>
#include <vector>

#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

constexpr const char* fallen = "a leaf fell";

struct books {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::string wrong;
};

/// Counts the tasks of one scope that are alive.
class alive {
 public:
  explicit alive(int& count) : count_(count) { ++count_; }
  ~alive() { --count_; }
  alive(const alive&) = delete;
  alive& operator=(const alive&) = delete;

 private:
  int& count_;
};

class forest {
 public:
  forest(context& ctx, std::uint64_t seed, books& all)
      : ctx_(ctx), all_(all), random_(seed * 2003 + static_cast<std::uint64_t>(ctx.rank())), units_(ctx, 2) {}

  task<> run() {
    for (int i = 0; i < 20; ++i) {
      int top = 0;
      try {
        co_await with_timeout(tree(3, top), time(60'000));
      } catch (const timed_out&) {
      } catch (const std::runtime_error&) {
      }
      if (top != 0) all_.wrong = "a task outlived its time-out";
    }
    if (!units_.try_acquire().holds()) all_.wrong = "a cancelled task kept its unit of the semaphore";
    if (in_use_ != 0) all_.wrong = "the semaphore's units are in use by nobody";
    co_await ctx_.world().ibarrier();  // every message has been sent
    co_await drain();
  }

 private:
  duration time(std::uint64_t most) { return duration(static_cast<std::int64_t>(random_.below(most))); }
  int next() const { return (ctx_.rank() + 1) % ctx_.size(); }
  int before() const { return (ctx_.rank() + ctx_.size() - 1) % ctx_.size(); }

  /// A task with children, `alive` for as long as it is.
  task<> tree(int depth, int& siblings) {
    const alive here(siblings);
    if (depth == 0) {
      co_await leaf();
      co_return;
    }
    int children = 0;
    std::exception_ptr error;
    {
      scope mine(ctx_);
      for (std::uint64_t i = random_.below(4); i > 0; --i) {
        auto dropped = mine.spawn(tree(depth - 1, children));
      }
      try {
        co_await end(mine);
      } catch (...) {
        error = std::current_exception();
      }
    }
    if (children != 0) all_.wrong = "a child outlived its scope";
    if (error) std::rethrow_exception(error);
  }
  task<> end(scope& mine) {
    switch (random_.below(4)) {
      case 0:
        co_await sleep_for(ctx_, time(10'000));
        mine.cancel();
        break;
      case 1: {
        auto joined = mine.join();
        try {
          co_await with_timeout(std::move(joined), time(20'000));
        } catch (const timed_out&) {
        }
        break;
      }
      default:
        co_await mine.join();
    }
  }

  task<> leaf() {
    switch (random_.below(6)) {
      case 0:
        co_await sleep_for(ctx_, time(30'000));
        break;
      case 1: {
        const semaphore_permit unit = co_await units_.acquire();
        if (++in_use_ > 2) all_.wrong = "the semaphore gave out more units than it has";
        const in_use_guard guard(in_use_);
        co_await sleep_for(ctx_, time(10'000));
        break;
      }
      case 2:
        ++all_.sent;
        co_await ctx_.world().isend(next(), 1, 1);
        break;
      case 3: {
        const int got = co_await ctx_.world().irecv<int>(before(), 1);
        all_.received += static_cast<std::uint64_t>(got);
        break;
      }
      case 4: {
        auto incoming = ctx_.world().irecv<std::vector<int>>(before(), 1);
        try {
          const auto got = co_await with_timeout(std::move(incoming), time(5'000));
          all_.received += got.size();
        } catch (const timed_out&) {
        }
        break;
      }
      default:
        co_await sleep_for(ctx_, time(3'000));
        if (random_.below(3) == 0) throw std::runtime_error(fallen);
    }
  }
  struct in_use_guard {
    explicit in_use_guard(int& count) : of(count) {}
    ~in_use_guard() { --of; }
    in_use_guard(const in_use_guard&) = delete;
    in_use_guard& operator=(const in_use_guard&) = delete;
    int& of;
  };

  /// Takes the messages that nobody has received.
  task<> drain() {
    for (;;) {
      try {
        auto incoming = ctx_.world().irecv<int>(before(), 1);
        const int got = co_await with_timeout(std::move(incoming), std::chrono::milliseconds(20));
        all_.received += static_cast<std::uint64_t>(got);
      } catch (const timed_out&) {
        co_return;
      }
    }
  }

  context& ctx_;
  books& all_;
  random_source random_;
  async_semaphore units_;
  int in_use_ = 0;
};

/// A scope that is cancelled while a child of it fails reports the child's error, and the program ends with 1.
bool is_only_leaves(sim::world& cluster, int ranks) {
  std::string text;
  for (int rank = 0; rank < ranks; ++rank) text += cluster.error_output(rank);
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    if (text.substr(at, end - at).find(fallen) == std::string::npos) return false;
  }
  return !text.empty();
}

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(4)));
  books all;
  const auto program = [&](context& ctx) -> task<> {
    forest one(ctx, seed, all);
    co_await one.run();
  };
  sim::world cluster(draw_world(seed));
  const sim::outcome end = cluster.run(program, ranks);
  counts.messages = cluster.counts().messages;
  if (std::string text = trouble(cluster, end, ranks); !text.empty() && !is_only_leaves(cluster, ranks)) return text;
  if (!all.wrong.empty()) return all.wrong;
  if (all.sent == all.received) return {};
  return std::to_string(all.sent) + " messages sent, " + std::to_string(all.received) + " received";
}

}  // namespace

const suite scope_suite{"scopes", run};

}  // namespace weft::seeds
