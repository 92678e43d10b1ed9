// SPDX-License-Identifier: BSL-1.0
// Ports that tolerate loss, under losses, repeats and postponements: a small protocol that numbers its messages, answers
// them and sends again what is not answered must deliver each once and in order, whatever is struck. Ordinary ports
// beside it, and plain messages, lose nothing and keep their order.
#include <map>
#include <vector>

#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

using namespace std::chrono_literals;

struct packet {
  std::uint32_t number = 0;  ///< of its pair: 1, 2, 3, ...
  std::vector<std::uint8_t> content;
};
/// Everything up to this number has come, in order.
struct answer {
  std::uint32_t up_to = 0;
};

/// What all ranks share, to be judged by: the simulator runs them in one process.
struct books {
  std::map<std::pair<int, int>, std::uint32_t> sent, delivered;  ///< by sender and receiver
  std::map<std::pair<int, int>, std::uint32_t> plain_sent, plain_handled;
  std::string wrong;
};

constexpr duration patience = 10s;  // a foreground wait: the resends beside it are of the background

class station {
 public:
  station(context& ctx, std::uint64_t seed, books& all)
      : ctx_(ctx),
        all_(all),
        random_(seed * 2003 + static_cast<std::uint64_t>(ctx.rank())),
        resend_after_(duration(20'000 + static_cast<std::int64_t>(random_source(seed).below(300'000)))),
        packets_(ctx, packet_handler{this}, port_options{.name = "packets", .tolerates_loss = true}),
        answers_(ctx, answer_handler{this}, port_options{.name = "answers", .tolerates_loss = true}),
        plain_(ctx, plain_handler{this}, port_options{.name = "plain"}),
        all_answered_(ctx) {}

  task<> run() {
    scope background(ctx_);
    (void)background.spawn(resend());
    for (int i = bounded_steps(20 + static_cast<int>(random_.below(80))); i > 0; --i) {
      for (std::uint64_t burst = 1 + random_.below(random_.below(6) == 0 ? 12 : 2); burst > 0; --burst) send();
      post_plain();
      if (random_.below(3) == 0) co_await sleep_for(ctx_, duration(static_cast<std::int64_t>(random_.below(30'000))));
    }
    is_closed_ = true;
    note_answers();
    auto answered = all_answered_.wait();
    co_await with_timeout(std::move(answered), patience);
    co_await ctx_.world().ibarrier();  // others may still need answers
    background.cancel();
    co_await ctx_.quiescence();
  }

 private:
  // --- both ends of the protocol
  struct outgoing {
    std::uint32_t last = 0;
    std::map<std::uint32_t, packet> unanswered;
  };
  struct incoming {
    std::uint32_t up_to = 0;
    std::map<std::uint32_t, packet> early;
  };
  struct packet_handler {
    station* self;
    void operator()(int from, const packet& what) const { self->take(from, what); }
  };
  struct answer_handler {
    station* self;
    void operator()(int from, const answer& what) const { self->take(from, what); }
  };
  struct plain_handler {
    station* self;
    void operator()(int from, std::uint32_t number) const { self->take_plain(from, number); }
  };

  void send() {
    const int to = any_rank();
    outgoing& way = out_[to];
    packet made;
    made.number = ++way.last;
    made.content.assign(random_.below(random_.below(16) == 0 ? 9'000 : 60), static_cast<std::uint8_t>(made.number));
    packets_.post(to, made);
    way.unanswered.emplace(made.number, std::move(made));
    all_.sent[{ctx_.rank(), to}] = way.last;
  }
  task<> resend() {
    for (;;) {
      co_await sleep_for(ctx_, resend_after_, timer_role::background);
      for (auto& [to, way] : out_) {
        for (const auto& [number, what] : way.unanswered) packets_.post(to, what);
      }
    }
  }
  void take(int from, const packet& what) {
    for (const std::uint8_t byte : what.content) {
      if (byte != static_cast<std::uint8_t>(what.number)) all_.wrong = "a message's content is wrong";
    }
    incoming& way = in_[from];
    if (what.number > way.up_to) way.early.emplace(what.number, what);
    while (!way.early.empty() && way.early.begin()->first == way.up_to + 1) {
      ++way.up_to;
      way.early.erase(way.early.begin());
      if (++all_.delivered[{from, ctx_.rank()}] != way.up_to) all_.wrong = "a message was delivered twice";
    }
    answers_.post(from, answer{way.up_to});
  }
  void take(int from, const answer& what) {
    auto& waiting = out_[from].unanswered;
    waiting.erase(waiting.begin(), waiting.upper_bound(what.up_to));
    note_answers();
  }
  void note_answers() {
    for (const auto& [to, way] : out_) {
      if (!way.unanswered.empty()) return;
    }
    if (is_closed_) all_answered_.set();
  }

  // --- an ordinary port
  void post_plain() {
    const int to = any_rank();
    plain_.post(to, ++all_.plain_sent[{ctx_.rank(), to}]);
  }
  void take_plain(int from, std::uint32_t number) {
    if (++all_.plain_handled[{from, ctx_.rank()}] != number) all_.wrong = "an ordinary port's message was struck";
  }

  int any_rank() { return static_cast<int>(random_.below(static_cast<std::uint64_t>(ctx_.size()))); }

  context& ctx_;
  books& all_;
  random_source random_;
  duration resend_after_;
  std::map<int, outgoing> out_;
  std::map<int, incoming> in_;
  bool is_closed_ = false;
  port<packet> packets_;
  port<answer> answers_;
  port<std::uint32_t> plain_;
  async_event all_answered_;
};

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(2 + static_cast<int>(random.below(7)));
  sim::world_options options = draw_world(seed);
  options.limits.virtual_time = 60s;
  if (random.below(3) != 0) options.faults.losses_in_thousand = static_cast<int>(random.below(400));
  if (random.below(3) != 0) options.faults.repeats_in_thousand = static_cast<int>(random.below(400));
  if (random.below(3) != 0) options.faults.postponements_in_thousand = static_cast<int>(random.below(400));
  books all;
  const auto program = [&](context& ctx) -> task<> {
    station here(ctx, seed, all);
    co_await here.run();
  };
  sim::world cluster(options);
  const sim::outcome end = cluster.run(program, ranks);
  counts.messages = cluster.counts().messages;
  if (std::string text = trouble(cluster, end, ranks); !text.empty()) return text;
  if (all.wrong.empty() && all.sent != all.delivered) return "a message was not delivered";
  if (all.wrong.empty() && all.plain_sent != all.plain_handled) return "an ordinary port's message was lost";
  return all.wrong;
}

}  // namespace

const suite hostile_suite{"hostile", run};

}  // namespace weft::seeds
