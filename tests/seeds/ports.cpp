// SPDX-License-Identifier: BSL-1.0
// Ports under flood: handlers that post on, fixed, encoded and large messages mixed, ports of the library's kind beside
// users'. Each message is handled once, in its pair's order, and quiescence comes when all are, not before. A job that
// loses a rank is started again, beside what is left of it.
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

struct numbered {
  std::uint32_t number = 0;  ///< of its sender, port and receiver: 1, 2, 3, ...
  std::uint32_t hops = 0;    ///< how often its handler posts another one
};
struct parcel {
  numbered head;
  std::vector<std::uint8_t> content;
};

/// What all ranks share, to be judged by: the simulator runs them in one process.
struct books {
  std::uint64_t posted = 0;
  std::uint64_t handled = 0;
  std::uint64_t asleep = 0;  ///< handlers that have not come to their end
  std::string wrong;
};

constexpr int small_port = 0;
constexpr int urgent_port = 1;
constexpr int first_parcel_port = 2;
constexpr int parcel_ports = 6;  // more than are fetched from at a time

class postman {
 public:
  postman(context& ctx, std::uint64_t seed, books& all)
      : ctx_(ctx),
        seed_(seed),
        all_(all),
        random_(seed * 1009 + static_cast<std::uint64_t>(ctx.rank())),
        on_small_{this},
        on_urgent_{this},
        small_(ctx, on_small_) {
    for (int i = 0; i < parcel_ports; ++i) {
      const parcel_handler on_parcel{this, first_parcel_port + i};
      parcels_.push_back(std::make_unique<port<parcel>>(ctx, on_parcel));
    }
    closed_.emplace(ctx, ignore{});
    closed_->retire();
  }

  task<> run() {
    if (random_.below(3) == 0) co_await doze(200'000);
    if (random_.below(2) == 0) closed_->post(any_rank(), parcel{{}, std::vector<std::uint8_t>(5'000)});
    closed_.reset();
    urgent_.emplace(ctx_, on_urgent_, port_options{.name = "urgent", .protocol = true});  // on some ranks late
    switch (random_source(seed_).below(4)) {
      case 0:
        for (int i = bounded_steps(20); i > 0; --i) co_await trickle();
        break;
      case 1:
        co_await flood();
        break;
      default:
        co_await chatter();
    }
  }

 private:
  struct small_handler {
    postman* self;
    void operator()(int from, const numbered& what) const { self->take(small_port, from, what); }
  };
  struct parcel_handler {
    postman* self;
    int port = first_parcel_port;
    task<> operator()(int from, parcel what) const {
      self->take(port, from, what.head);
      for (const std::uint8_t byte : what.content) {
        if (byte != static_cast<std::uint8_t>(what.head.number)) self->all_.wrong = "a message's content is wrong";
      }
      ++self->all_.asleep;
      if (what.head.hops > 2) co_await sleep_for(self->ctx_, duration(1'000));
      --self->all_.asleep;
    }
  };

  task<> chatter() {
    for (int i = bounded_steps(10 + static_cast<int>(random_.below(30))); i > 0; --i) {
      for (std::uint64_t burst = 1 + random_.below(random_.below(8) == 0 ? 200 : 5); burst > 0; --burst) {
        post(any_rank(), static_cast<std::uint32_t>(random_.below(4)), most_small);
      }
      if (random_.below(4) == 0) co_await post_and_wait(any_rank());
      if (random_.below(3) == 0) co_await doze(20'000);
    }
    co_await settle();
  }
  /// A few messages that go on for long, so that counts of them may agree by chance.
  task<> trickle() {
    if (random_.below(4) == 0) post(any_rank(), static_cast<std::uint32_t>(random_.below(12)), most_small);
    co_await doze(random_.below(2) == 0 ? 2'000 : 60'000);
    co_await settle();
  }
  /// More than the credits between two ranks, in both directions.
  task<> flood() {
    const int partner = (ctx_.rank() ^ 1) < ctx_.size() ? ctx_.rank() ^ 1 : ctx_.rank();
    const std::uint64_t size = random_source(seed_).below(4) == 0 ? 20'000 : 3'900;
    for (int i = bounded_steps(10 + static_cast<int>(random_.below(40))); i > 0; --i) {
      for (std::uint64_t count = random_.below(random_.below(6) == 0 ? 40 : 4); count > 0; --count)
        post(partner, static_cast<std::uint32_t>(random_.below(6) == 0 ? 1 : 0), size);
      if (random_.below(8) == 0) co_await post_and_wait(partner);
      if (random_.below(2) == 0) co_await doze(random_.below(4) == 0 ? 20'000 : 3'000);
    }
    co_await settle();
  }
  task<> doze(std::uint64_t most) {
    co_await sleep_for(ctx_, duration(static_cast<std::int64_t>(random_.below(most))));
  }
  task<> settle() {
    co_await ctx_.quiescence();
    if (all_.posted != all_.handled || all_.asleep != 0) {
      all_.wrong = "quiescence with " + std::to_string(all_.posted) + " messages posted, " +
                   std::to_string(all_.handled) + " handled, and " + std::to_string(all_.asleep) + " handlers asleep";
    }
    co_await ctx_.world().ibarrier();
  }

  struct ignore {
    void operator()(int, const parcel&) const {}
  };
  /// Is handled between any two steps of users' handlers.
  struct urgent_handler {
    postman* self;
    void operator()(int from, const parcel& what) const { self->take(urgent_port, from, what.head); }
  };

  int any_rank() { return static_cast<int>(random_.below(static_cast<std::uint64_t>(ctx_.size()))); }
  task<> post_and_wait(int to) {
    const numbered head{++sent_[{small_port, to}], 0};
    ++all_.posted;
    auto could_leave = small_.post_wait(to, head);
    co_await std::move(could_leave);
  }
  void post(int to, std::uint32_t hops, std::uint64_t most_bytes) {
    const bool is_small = most_bytes == most_small;
    int port = is_small && random_.below(3) == 0 ? small_port
                                                 : first_parcel_port + static_cast<int>(random_.below(parcel_ports));
    if (urgent_ && random_.below(4) == 0) port = urgent_port;
    const numbered head{++sent_[{port, to}], hops};
    ++all_.posted;
    if (port == small_port) return small_.post(to, head);
    const std::uint64_t size = random_.below(20) == 0 ? 30'000 : most_bytes;
    parcel whole{head, std::vector<std::uint8_t>(random_.below(size), static_cast<std::uint8_t>(head.number))};
    (port == urgent_port ? *urgent_ : *parcels_[static_cast<std::size_t>(port - first_parcel_port)])
        .post(to, std::move(whole));
  }
  void take(int port, int from, const numbered& what) {
    ++all_.handled;
    if (what.number != ++got_[{port, from}]) {
      all_.wrong = "message " + std::to_string(what.number) + " of port " + std::to_string(port) + " from rank " +
                   std::to_string(from) + " came as number " + std::to_string(got_[{port, from}]);
    }
    if (what.hops == 0 || !all_.wrong.empty()) return;
    post(any_rank(), what.hops - 1, most_small);
    // What is handled and what is posted must not go in step, or one count would always tell the truth.
    if (random_.below(2) == 0) post(any_rank(), what.hops / 3, most_small);
  }

  static constexpr std::uint64_t most_small = 200;

  context& ctx_;
  std::uint64_t seed_;
  books& all_;
  random_source random_;
  std::map<std::pair<int, int>, std::uint32_t> sent_, got_;  // by port and rank
  small_handler on_small_;
  urgent_handler on_urgent_;
  port<numbered> small_;
  std::vector<std::unique_ptr<port<parcel>>> parcels_;
  std::optional<port<parcel>> closed_;  // early on some ranks: what still comes for it is of no consequence
  std::optional<port<parcel>> urgent_;
};

task<> deliver(context& ctx, std::uint64_t seed, books& all) {
  postman one(ctx, seed, all);
  co_await one.run();
}

std::string run(std::uint64_t seed, tally& counts) {
  constexpr int most_lives = 50;
  random_source random(seed);
  sim::world_options options = draw_world(seed);
  if (random.below(4) == 0) {
    options.faults.kills_in_thousand = 500;
    options.faults.zombies = duration(static_cast<std::int64_t>(random.below(2'000'000)));
  }
  sim::world cluster(options);
  std::deque<books> all;  // survivors of a life still write into theirs
  for (int life = 1; life <= most_lives; ++life) {
    const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
    books& mine = all.emplace_back();
    const std::uint64_t its_seed = seed * most_lives + static_cast<std::uint64_t>(life);
    const auto program = [&mine, its_seed](context& ctx) -> task<> { return deliver(ctx, its_seed, mine); };
    const sim::outcome end = cluster.run(program, ranks);
    counts.messages = cluster.counts().messages;
    if (!mine.wrong.empty()) return mine.wrong;
    if (!end.is_crashed) return trouble(cluster, end, ranks);
    ++counts.crashes;
    counts.crash_points.push_back(end.interface_events * 64 + static_cast<std::uint64_t>(end.crashed_rank));
  }
  return "no life came to its end";
}

}  // namespace

const suite port_suite{"ports", run};

}  // namespace weft::seeds
