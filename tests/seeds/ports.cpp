// SPDX-License-Identifier: BSL-1.0
// Ports under flood: handlers that post on, fixed, encoded and large messages mixed. Each message is handled once, in
// its pair's order, and quiescence comes when all are, not before.
#include <map>
#include <memory>
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

class postman {
 public:
  postman(context& ctx, std::uint64_t seed, books& all)
      : ctx_(ctx),
        all_(all),
        random_(seed * 1009 + static_cast<std::uint64_t>(ctx.rank())),
        on_small_{this},
        on_parcel_{this},
        small_(ctx, on_small_),
        parcels_(ctx, on_parcel_) {}

  task<> run() {
    const int steps = bounded_steps(10 + static_cast<int>(random_.below(60)));
    for (int i = 0; i < steps; ++i) {
      for (std::uint64_t burst = 1 + random_.below(random_.below(8) == 0 ? 200 : 5); burst > 0; --burst) {
        post(static_cast<std::uint32_t>(random_.below(4)));
      }
      if (random_.below(3) == 0) co_await sleep_for(ctx_, duration(static_cast<std::int64_t>(random_.below(20'000))));
    }
    co_await ctx_.quiescence();
    if (all_.posted != all_.handled || all_.asleep != 0) {
      all_.wrong = "quiescence with " + std::to_string(all_.posted) + " messages posted, " +
                   std::to_string(all_.handled) + " handled, and " + std::to_string(all_.asleep) + " handlers asleep";
    }
    co_await ctx_.world().ibarrier();
  }

 private:
  struct small_handler {
    postman* self;
    void operator()(int from, const numbered& what) const { self->take(0, from, what); }
  };
  struct parcel_handler {
    postman* self;
    task<> operator()(int from, parcel what) const {
      self->take(1, from, what.head);
      for (const std::uint8_t byte : what.content) {
        if (byte != static_cast<std::uint8_t>(what.head.number)) self->all_.wrong = "a message's content is wrong";
      }
      ++self->all_.asleep;
      if (what.head.hops > 2) co_await sleep_for(self->ctx_, duration(1'000));
      --self->all_.asleep;
    }
  };

  void post(std::uint32_t hops) {
    const int to = static_cast<int>(random_.below(static_cast<std::uint64_t>(ctx_.size())));
    const int port = static_cast<int>(random_.below(2));
    const numbered head{++sent_[{port, to}], hops};
    ++all_.posted;
    if (port == 0) return small_.post(to, head);
    const std::uint64_t size = random_.below(20) == 0 ? random_.below(30'000) : random_.below(200);
    parcels_.post(to, parcel{head, std::vector<std::uint8_t>(size, static_cast<std::uint8_t>(head.number))});
  }
  void take(int port, int from, const numbered& what) {
    ++all_.handled;
    if (what.number != ++got_[{port, from}]) {
      all_.wrong = "message " + std::to_string(what.number) + " of port " + std::to_string(port) + " from rank " +
                   std::to_string(from) + " came as number " + std::to_string(got_[{port, from}]);
    }
    if (what.hops > 0) post(what.hops - 1);
  }

  context& ctx_;
  books& all_;
  random_source random_;
  std::map<std::pair<int, int>, std::uint32_t> sent_, got_;  // by port and rank
  small_handler on_small_;
  parcel_handler on_parcel_;
  port<numbered> small_;
  port<parcel> parcels_;
};

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
  books all;
  const auto program = [&](context& ctx) -> task<> {
    postman one(ctx, seed, all);
    co_await one.run();
  };
  sim::world cluster(draw_world(seed));
  const sim::outcome end = cluster.run(program, ranks);
  counts.messages = cluster.counts().messages;
  if (std::string text = trouble(cluster, end, ranks); !text.empty()) return text;
  return all.wrong;
}

}  // namespace

const suite port_suite{"ports", run};

}  // namespace weft::seeds
