// SPDX-License-Identifier: BSL-1.0
// Typed messages between all ranks, with receives of several kinds posted early and late, wildcards, probes and
// withdrawals: each message is received once, in MPI's order, with its content.
#include <memory>
#include <vector>

#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

constexpr int tags = 4;
constexpr std::size_t longest = 2'000;  // words

using words = std::vector<std::uint32_t>;  // its number between the two ranks, then as often as it is long

struct received {
  int wanted_source = any_source;
  int wanted_tag = any_tag;
  future<words> incoming;
  message_status from;
  std::uint32_t number = 0;  ///< 0: not received

  bool takes(int source, int tag) const {
    return (wanted_source == any_source || wanted_source == source) && (wanted_tag == any_tag || wanted_tag == tag);
  }
};

class correspondent {
 public:
  correspondent(context& ctx, std::uint64_t seed, std::string& wrong)
      : ctx_(ctx),
        wrong_(wrong),
        random_(seed * 4099 + static_cast<std::uint64_t>(ctx.rank())),
        sent_(static_cast<std::size_t>(ctx.size())) {}

  task<> run() {
    for (int i = bounded_steps(35 + static_cast<int>(random_.below(110))); i > 0; --i) {
      co_await step();
      if (receives_.size() > most_receives) break;
    }
    auto counts = ctx_.world().ialltoall(sent_);
    const std::vector<std::uint32_t> mine = co_await std::move(counts);
    std::uint64_t left = 0;
    for (const std::uint32_t from_one : mine) left += from_one;
    for (auto& each : receives_) {
      if (each->incoming.valid()) each->incoming.cancel();
      take(*each);
      left -= each->number != 0 ? 1 : 0;
    }
    for (; left > 0; --left) {
      received& last = post(any_source, any_tag);
      co_await finish(last);
    }
    for (auto& each : outgoing_) co_await std::move(each);
    if (ctx_.world().iprobe()) wrong_ = "a message is left that nobody sent";
    check_order();
  }

 private:
  static constexpr std::size_t most_receives = 400;

  int rank() { return static_cast<int>(random_.below(static_cast<std::uint64_t>(ctx_.size()))); }
  int source() { return random_.below(3) == 0 ? any_source : rank(); }
  int tag() { return static_cast<int>(random_.below(tags)); }

  task<> step() {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2:
        for (std::uint64_t count = 1 + random_.below(6); count > 0; --count) send();
        break;
      case 3:
      case 4:
        for (std::uint64_t count = 1 + random_.below(6); count > 0; --count)
          post(source(), random_.below(3) == 0 ? any_tag : tag());
        break;
      case 5: {
        const int wanted_source = source();
        const int wanted_tag = random_.below(3) == 0 ? any_tag : tag();
        co_await probe(wanted_source, wanted_tag);
        break;
      }
      case 6:
        if (!receives_.empty()) withdraw(*receives_[random_.below(receives_.size())]);
        break;
      default:
        co_await sleep_for(ctx_, duration(static_cast<std::int64_t>(random_.below(30'000))));
    }
  }

  void send() {
    const int to = rank();
    const std::uint32_t number = ++sent_[static_cast<std::size_t>(to)];
    const std::size_t length = 1 + random_.below(random_.below(5) == 0 ? longest : 12);
    outgoing_.push_back(ctx_.world().isend(to, tag(), words(length, number)));
  }
  received& post(int wanted_source, int wanted_tag) {
    auto one = std::make_unique<received>();
    one->wanted_source = wanted_source;
    one->wanted_tag = wanted_tag;
    if (random_.below(2) == 0) {
      one->incoming = ctx_.world().irecv<words>(wanted_source, wanted_tag);
    } else {
      one->incoming = ctx_.world().irecv(words(longest), wanted_source, wanted_tag);
    }
    receives_.push_back(std::move(one));
    return *receives_.back();
  }
  void withdraw(received& one) {
    if (!one.incoming.valid()) return;
    if (one.incoming.cancel()) {
      one.incoming = {};
    } else {
      take(one);
    }
  }
  /// What a receive that is done has brought.
  void take(received& one) {
    if (!one.incoming.valid()) return;
    try {
      note(one, one.incoming.get());
    } catch (const operation_cancelled&) {
    }
    one.incoming = {};
  }
  task<> finish(received& one) {
    const words content = co_await one.incoming;
    note(one, content);
    one.incoming = {};
  }
  void note(received& one, const words& content) {
    one.from = one.incoming.status();
    one.number = content.empty() ? 0 : content.front();
    for (const std::uint32_t word : content) {
      if (word != one.number || one.number == 0) wrong_ = "a message's content is wrong";
    }
  }
  /// Whoever has seen a message and receives it at once gets that one.
  task<> probe(int wanted_source, int wanted_tag) {
    const auto seen = ctx_.world().iprobe(wanted_source, wanted_tag);
    if (!seen) co_return;
    received& one = post(seen->source, seen->tag);
    co_await finish(one);
    if (one.from.bytes != seen->bytes) wrong_ = "a message that was probed was not the one received";
  }
  /// Of two messages of one rank the older one goes to the older one of the receives that it matches.
  void check_order() {
    for (std::size_t later = 0; later < receives_.size(); ++later) {
      const received& b = *receives_[later];
      if (b.number == 0) continue;
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        const received& a = *receives_[earlier];
        if (a.number <= b.number || a.from.source != b.from.source || !a.takes(b.from.source, b.from.tag)) continue;
        wrong_ = "message " + std::to_string(b.number) + " from rank " + std::to_string(b.from.source) +
                 " was overtaken by number " + std::to_string(a.number);
      }
    }
  }

  context& ctx_;
  std::string& wrong_;
  random_source random_;
  words sent_;                                       // by rank
  std::vector<std::unique_ptr<received>> receives_;  // in the order of posting
  std::vector<future<void>> outgoing_;
};

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
  std::string wrong;
  const auto program = [&](context& ctx) -> task<> {
    correspondent one(ctx, seed, wrong);
    co_await one.run();
  };
  if (std::string text = run_once(program, ranks, seed, counts); !text.empty()) return text;
  return wrong;
}

}  // namespace

const suite message_suite{"messages", run};

}  // namespace weft::seeds
