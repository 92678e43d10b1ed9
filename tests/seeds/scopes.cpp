// SPDX-License-Identifier: BSL-1.0
// Trees of tasks in scopes, with time-outs, cancellation and errors at random places: a scope's children end before it,
// what they hold is given back, and no message is lost by a time-out.
#include <set>
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

/// The tasks of one scope.
struct family {
  int alive = 0;
  bool has_failed = false;  ///< one of them ended by an error
};

/// Counts the tasks of one scope that are alive.
class alive {
 public:
  explicit alive(family& of) : count_(of.alive) { ++count_; }
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
    for (int i = bounded_steps(60); i > 0; --i) {
      family top;
      try {
        co_await with_timeout(tree(3, top), time(60'000));
      } catch (const timed_out&) {
      } catch (const std::runtime_error&) {
      }
      if (top.alive != 0) all_.wrong = "a task outlived its time-out";
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
  task<> tree(int depth, family& siblings) {
    const alive here(siblings);
    try {
      if (depth == 0) {
        co_await leaf();
      } else {
        co_await branch(depth);
      }
    } catch (const std::runtime_error&) {
      siblings.has_failed = true;
      throw;
    }
  }
  task<> branch(int depth) {
    family children;
    std::exception_ptr error;
    {
      scope mine(ctx_);
      for (std::uint64_t i = random_.below(4); i > 0; --i) {
        auto dropped = mine.spawn(tree(depth - 1, children));
      }
      try {
        const bool has_joined = co_await end(mine);
        if (has_joined && children.has_failed) all_.wrong = "a scope forgot the error of its child";
      } catch (...) {
        error = std::current_exception();
      }
    }
    if (children.alive != 0) all_.wrong = "a child outlived its scope";
    if (error) std::rethrow_exception(error);
  }
  /// True if the scope was joined to its end.
  task<bool> end(scope& mine) {
    switch (random_.below(4)) {
      case 0:
        co_await sleep(10'000);
        mine.cancel();
        co_return false;
      case 1:
      case 2: {
        auto joined = mine.join();
        try {
          co_await with_timeout(std::move(joined), time(20'000));
          co_return true;
        } catch (const timed_out&) {
        }
        if (random_.below(2) == 0) co_return false;
        co_await sleep(10'000);  // children may fail while nobody joins
        break;
      }
      default:
        break;
    }
    co_await mine.join();
    co_return true;
  }
  /// Sleeps end in the order of their times.
  task<> sleep(std::uint64_t most) {
    const auto place = asleep_.insert(ctx_.loop().now() + time(most));
    const waking guard(asleep_, place);
    co_await sleep_until(ctx_, *place);
    // One that is cancelled after its end, before its turn, goes on within the call that cancels it.
    if (!ctx_.loop().cancelling() && *asleep_.begin() < *place) all_.wrong = "a sleep ended after a longer one";
  }

  task<> leaf() {
    switch (random_.below(12)) {
      case 0:
        co_await sleep(30'000);
        break;
      case 1: {
        const semaphore_permit unit = co_await units_.acquire();
        if (++in_use_ > 2) all_.wrong = "the semaphore gave out more units than it has";
        const in_use_guard guard(in_use_);
        co_await sleep(10'000);
        break;
      }
      case 2:
      case 3:
        for (int i = 0; i < 6; ++i) co_await send();
        break;
      case 4:
      case 5:
        for (int i = 0; i < 4; ++i) co_await receive();
        break;
      case 6:
      case 7:
        for (int i = 0; i < 3; ++i) co_await receive_in_time(time(5'000));
        break;
      default:
        co_await sleep(3'000);
        if (random_.below(3) == 0) throw std::runtime_error(fallen);
    }
  }
  class waking {
   public:
    waking(std::multiset<time_point>& all, std::multiset<time_point>::iterator one) : all_(all), one_(one) {}
    ~waking() { all_.erase(one_); }
    waking(const waking&) = delete;
    waking& operator=(const waking&) = delete;

   private:
    std::multiset<time_point>& all_;
    std::multiset<time_point>::iterator one_;
  };
  struct in_use_guard {
    explicit in_use_guard(int& count) : of(count) {}
    ~in_use_guard() { --of; }
    in_use_guard(const in_use_guard&) = delete;
    in_use_guard& operator=(const in_use_guard&) = delete;
    int& of;
  };

  using content = std::vector<int>;

  task<> send() {
    ++all_.sent;
    co_await ctx_.world().isend(next(), 1, content(random_.below(4) == 0 ? 3'000 : 1, 1));
  }
  task<> receive() {
    const content got = co_await ctx_.world().irecv<content>(before(), 1);
    all_.received += got.empty() ? 0 : 1;
  }
  /// False if nothing came in this time.
  task<bool> receive_in_time(duration time) {
    future<content> incoming;
    if (random_.below(2) == 0) {
      incoming = ctx_.world().irecv<content>(before(), 1);
    } else {
      incoming = ctx_.world().irecv(content(3'000), before(), 1);
    }
    try {
      const content got = co_await with_timeout(std::move(incoming), time);
      all_.received += got.empty() ? 0 : 1;
    } catch (const timed_out&) {
      co_return false;
    }
    co_return true;
  }
  /// Takes the messages that nobody has received.
  task<> drain() {
    for (bool more = true; more;) more = co_await receive_in_time(std::chrono::milliseconds(20));
  }

  context& ctx_;
  books& all_;
  random_source random_;
  async_semaphore units_;
  int in_use_ = 0;
  std::multiset<time_point> asleep_;  // when those end
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
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
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
