// SPDX-License-Identifier: BSL-1.0
// Channels and selects under time-outs, cancellation and closes at random moments: what was put comes once, what was
// given up never comes, a channel holds no more than it may, the items of a writer keep their order for a lone reader,
// and nobody waits for ever. Whoever writes first sets up what all need, once.
#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <weft/message/once.hpp>
#include <weft/message/select.hpp>
#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

constexpr std::size_t channels_of_all = 3;

struct parcel_of_work {
  std::uint32_t writer = 0;
  std::uint32_t serial = 0;
  std::vector<std::uint64_t> load;  ///< large now and then
};

/// What all ranks know of a channel, to be judged by: the simulator runs them in one process.
struct ledger {
  enum class fate : std::uint8_t { open, put, given_up };
  struct entry {
    fate what = fate::open;
    int got = 0;
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, entry> items;
  std::map<std::uint32_t, std::uint32_t> last_of;  ///< the last serial of each writer that the lone reader has got
  std::int64_t capacity = 0;
  std::int64_t put = 0;
  std::int64_t got = 0;
  std::int64_t asking = 0;
  std::int64_t gave_up = 0;
  bool is_lone = false;  ///< only the patient reader reads
  int reader = -1;       ///< the rank that may, if it is one
  int patient_reader = 0;
};

struct books {
  std::array<ledger, channels_of_all> of;
  std::array<channel_options, channels_of_all> options;
  int set_up = 0;
  std::string wrong;
};

struct objects {
  objects(context& ctx, const books& all)
      : first(ctx, {.home = all.options[0].home}),
        each{channel<parcel_of_work>(ctx, all.options[0]), channel<parcel_of_work>(ctx, all.options[1]),
             channel<parcel_of_work>(ctx, all.options[2])} {}
  once first;
  std::array<channel<parcel_of_work>, channels_of_all> each;
};

/// A get that is under way, also as a choice.
class asking {
 public:
  explicit asking(ledger& of) : of_(of) { ++of_.asking; }
  ~asking() {
    --of_.asking;
    if (!is_over_) ++of_.gave_up;
  }
  asking(const asking&) = delete;
  asking& operator=(const asking&) = delete;
  void over() { is_over_ = true; }

 private:
  ledger& of_;
  bool is_over_ = false;
};

class actor {
 public:
  actor(context& ctx, objects& on, books& all, std::uint32_t id, std::uint64_t seed)
      : ctx_(ctx), on_(on), all_(all), id_(id), random_(seed) {}

  /// Puts some items, each in one way or another.
  task<> write() {
    co_await set_up();
    const int steps = bounded_steps(10 + static_cast<int>(random_.below(40)));
    for (int i = 0; i < steps; ++i) {
      co_await attempt(write_step());
      if (random_.below(40 * static_cast<std::uint64_t>(ctx_.size())) == 0) on_.each[some()].close();
    }
  }
  /// Gets items in one way or another, as long as it likes.
  task<> read() {
    const int steps = bounded_steps(static_cast<int>(random_.below(60)));
    for (int i = 0; i < steps; ++i) co_await attempt(read_step());
  }
  /// Gets all that comes, to the end.
  task<> read_all(std::size_t which) {
    for (bool is_over = false; !is_over;) {
      try {
        const std::int64_t within = random_.below(3) == 0 ? 1 + static_cast<std::int64_t>(random_.below(20'000)) : 0;
        const bool has_come = co_await get(which, within);
        is_over = !has_come;
        if (random_.below(4) == 0) co_await rest();
      } catch (const timed_out&) {
      }
    }
  }

 private:
  std::size_t some() { return static_cast<std::size_t>(random_.below(channels_of_all)); }
  duration some_time(std::uint64_t most) { return duration(static_cast<std::int64_t>(random_.below(most))); }
  future<void> rest() { return sleep_for(ctx_, some_time(20'000)); }
  bool may_read(std::size_t which) const {
    const ledger& l = all_.of[which];
    return !l.is_lone && (l.reader < 0 || l.reader == ctx_.rank());
  }

  task<> set_up() {
    for (std::uint64_t patience = 20'000;; patience *= 2) {
      try {
        auto waiting = with_timeout(on_.first.begin(), some_time(patience));
        once_turn turn = co_await waiting;
        if (!turn) co_return;
        co_await rest();
        if (random_.below(5) != 0) continue;  // it fails: somebody else does it
        if (++all_.set_up != 1) all_.wrong = "what is done once was done twice";
        turn.done();
        co_return;
      } catch (const timed_out&) {
      }
    }
  }

  /// Some steps are cancelled as a whole.
  task<> attempt(task<> step) {
    try {
      if (random_.below(4) == 0) {
        auto bounded = with_timeout(std::move(step), some_time(40'000));
        co_await bounded;
      } else {
        co_await step;
      }
    } catch (const timed_out&) {
    } catch (const channel_closed&) {
    }
  }
  task<> write_step() {
    switch (random_.below(5)) {
      case 0:
        return put_in_time(some());
      case 1:
        return choose();
      case 2:
        return put_and_rest(some());
      default:
        return put(some());
    }
  }
  task<> read_step() {
    switch (random_.below(4)) {
      case 0:
        return choose();
      case 1:
        return get_and_rest(some());
      default:
        return get_in_time(some());
    }
  }

  // --- putting -----------------------------------------------------------------------------------------------------------
  parcel_of_work next(std::size_t which) {
    parcel_of_work made{id_, ++serial_[which], {}};
    if (random_.below(50) == 0) made.load.assign(1'000, made.serial);
    all_.of[which].items[{made.writer, made.serial}];
    return made;
  }
  void note_put(std::size_t which, std::uint32_t serial) {
    ledger& l = all_.of[which];
    l.items[{id_, serial}].what = ledger::fate::put;
    ++l.put;
    if (l.put - l.got > l.capacity + l.asking + l.gave_up) all_.wrong = "a channel holds more than it may";
  }
  void note_given_up(std::size_t which, std::uint32_t serial) {
    all_.of[which].items[{id_, serial}].what = ledger::fate::given_up;
  }
  task<> settle_put(std::size_t which, std::uint32_t serial, future<void> waiting) {
    try {
      co_await waiting;
    } catch (...) {
      note_given_up(which, serial);
      throw;
    }
    note_put(which, serial);
  }
  task<> put(std::size_t which) {
    parcel_of_work item = next(which);
    const std::uint32_t serial = item.serial;
    return settle_put(which, serial, on_.each[which].put(std::move(item)));
  }
  task<> put_and_rest(std::size_t which) {
    co_await put(which);
    co_await rest();
  }
  task<> put_in_time(std::size_t which) {
    parcel_of_work item = next(which);
    const std::uint32_t serial = item.serial;
    auto waiting = with_timeout(on_.each[which].put(std::move(item)), some_time(10'000));
    try {
      co_await waiting;
    } catch (...) {
      note_given_up(which, serial);
      throw;
    }
    note_put(which, serial);
  }

  // --- getting -----------------------------------------------------------------------------------------------------------
  void note_got(std::size_t which, const parcel_of_work& item) {
    ledger& l = all_.of[which];
    if (++l.items[{item.writer, item.serial}].got != 1) all_.wrong = "an item came twice";
    ++l.got;
    for (const std::uint64_t word : item.load) {
      if (word != item.serial) all_.wrong = "an item came damaged";
    }
    if (!l.is_lone) return;
    std::uint32_t& last = l.last_of[item.writer];
    if (item.serial <= last) all_.wrong = "the items of a writer came out of order";
    last = item.serial;
  }
  task<bool> get(std::size_t which, std::int64_t within) {
    asking under_way(all_.of[which]);
    std::optional<parcel_of_work> item;
    if (within > 0) {
      auto waiting = with_timeout(on_.each[which].get(), duration(within));
      item = co_await waiting;
    } else {
      auto waiting = on_.each[which].get();
      item = co_await waiting;
    }
    under_way.over();
    if (item) note_got(which, *item);
    co_return item.has_value();
  }
  task<> get_in_time(std::size_t which) {
    if (!may_read(which)) co_return;
    co_await get(which, 1 + static_cast<std::int64_t>(random_.below(20'000)));
  }
  task<> get_and_rest(std::size_t which) {
    co_await get_in_time(which);
    co_await rest();
  }

  // --- choosing ----------------------------------------------------------------------------------------------------------
  task<> choose() {
    const std::size_t from = some();
    const std::size_t to = (from + 1 + random_.below(channels_of_all - 1)) % channels_of_all;
    if (!may_read(from)) return put(to);
    return random_.below(2) == 0 || !may_read(to) ? get_or_put(from, to) : get_from_either(from, to);
  }
  task<> get_or_put(std::size_t from, std::size_t to) {
    parcel_of_work item = next(to);
    const std::uint32_t serial = item.serial;
    asking under_way(all_.of[from]);
    auto waiting = select(getting(on_.each[from]), putting(on_.each[to], std::move(item)),
                          sleep_for(ctx_, some_time(30'000)));
    std::size_t index = 0;
    try {
      const auto got = co_await waiting;
      index = got.index;
      if (index == 0 && std::get<0>(got.values)) note_got(from, *std::get<0>(got.values));
    } catch (...) {
      note_given_up(to, serial);
      throw;
    }
    if (index == 0) under_way.over();
    if (index == 1) {
      note_put(to, serial);
    } else {
      note_given_up(to, serial);
    }
  }
  task<> get_from_either(std::size_t first, std::size_t second) {
    asking one(all_.of[first]);
    asking other(all_.of[second]);
    auto waiting = select(getting(on_.each[first]), getting(on_.each[second]), sleep_for(ctx_, some_time(30'000)));
    const auto got = co_await waiting;
    if (got.index == 0) one.over();
    if (got.index == 1) other.over();
    if (std::get<0>(got.values)) note_got(first, *std::get<0>(got.values));
    if (std::get<1>(got.values)) note_got(second, *std::get<1>(got.values));
  }

  context& ctx_;
  objects& on_;
  books& all_;
  std::uint32_t id_;
  random_source random_;
  std::array<std::uint32_t, channels_of_all> serial_{};
};

books draw_books(random_source& random, int ranks) {
  books all;
  const std::array<std::size_t, 6> capacities{0, 0, 1, 2, 5, 40};
  for (std::size_t i = 0; i < channels_of_all; ++i) {
    const auto some_rank = [&] { return static_cast<int>(random.below(static_cast<std::uint64_t>(ranks))); };
    all.options[i].capacity = capacities[random.below(capacities.size())];
    all.options[i].home = some_rank();
    if (random.below(3) == 0) all.options[i].reader = some_rank();
    all.of[i].capacity = static_cast<std::int64_t>(all.options[i].capacity);
    all.of[i].reader = all.options[i].reader;
    all.of[i].is_lone = random.below(2) == 0;
    all.of[i].patient_reader = all.options[i].reader >= 0 ? all.options[i].reader : some_rank();
  }
  return all;
}

std::string judge(const books& all) {
  if (!all.wrong.empty()) return all.wrong;
  if (all.set_up != 1) return "what is done once was not done";
  for (const ledger& l : all.of) {
    for (const auto& [name, item] : l.items) {
      if (item.what == ledger::fate::put && item.got == 0) return "an item was lost";
      if (item.what == ledger::fate::given_up && item.got > 0) return "an item came whose put had given up";
      if (item.what == ledger::fate::open) return "a put has no end";
    }
  }
  return "";
}

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(6)));
  const int writers = 2 + static_cast<int>(random.below(3));
  const int readers = static_cast<int>(random.below(3));
  books all = draw_books(random, ranks);
  const auto program = [&](context& ctx) -> task<> {
    objects mine(ctx, all);
    std::vector<std::unique_ptr<actor>> here;
    const auto make = [&]() -> actor& {
      const auto id = static_cast<std::uint32_t>(ctx.rank() * 100) + static_cast<std::uint32_t>(here.size());
      here.push_back(std::make_unique<actor>(ctx, mine, all, id, seed * 4001 + id));
      return *here.back();
    };
    scope patient(ctx);
    for (std::size_t i = 0; i < channels_of_all; ++i) {
      if (all.of[i].patient_reader == ctx.rank()) auto reading = patient.spawn(make().read_all(i));
    }
    {
      scope others(ctx);
      for (int i = 0; i < writers; ++i) auto writing = others.spawn(make().write());
      for (int i = 0; i < readers; ++i) auto reading = others.spawn(make().read());
      co_await others.join();
    }
    co_await ctx.world().ibarrier();
    if (ctx.rank() == 0) {
      for (auto& each : mine.each) each.close();
    }
    co_await patient.join();
    co_await ctx.quiescence();
    for (auto& each : mine.each) {
      if (each.stored() + each.puts_queued() + each.gets_queued() > 0) all.wrong = "somebody waits at the end";
    }
  };
  if (std::string text = run_once(program, ranks, seed, counts); !text.empty()) return text;
  return judge(all);
}

}  // namespace

const suite channel_suite{"channels", run};

}  // namespace weft::seeds
