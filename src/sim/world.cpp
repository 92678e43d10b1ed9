// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/world.hpp>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <exception>

#include <weft/core/error.hpp>
#include <weft/port/context.hpp>
#include <weft/sim/event_table.hpp>
#include <weft/sim/guard.hpp>
#include <weft/sim/shell.hpp>
#include <weft/sim/sim_host.hpp>
#include <weft/sim/sim_storage.hpp>
#include <weft/sim/sim_transport.hpp>

namespace weft::sim {

namespace {

constexpr std::size_t ranks_in_report = 32;

void* swap_loop(void* next) { return loop::exchange_current(static_cast<loop*>(next)); }

/// Makes a fault happen, and end.
class injector final : public event_target {
 public:
  injector(life& one, const fault& what) : life_(one), fault_(what) {}

  void on_time(std::uint64_t) override {
    endpoint& rank = *life_.ranks[static_cast<std::size_t>(fault_.rank) % life_.ranks.size()];
    if (rank.state == rank_state::ended) return;
    const std::int64_t end = rank.on.now() + fault_.length.count();
    switch (fault_.what) {
      case fault_kind::kill_rank:
        rank.on.lose(rank);
        break;
      case fault_kind::pause_rank:
        rank.on.pause(rank, fault_.length);
        break;
      case fault_kind::slow_rank:
        rank.slow_until = end;
        rank.slow_factor = std::max(fault_.factor, 1);
        break;
      case fault_kind::delay_rank:
        rank.late_until = end;
        rank.late_by = fault_.length.count();
        break;
    }
  }

 private:
  life& life_;
  fault fault_;
};

const char* limit_name(stop_reason why) {
  switch (why) {
    case stop_reason::time_limit:
      return "virtual time";
    case stop_reason::memory_limit:
      return "the memory of messages";
    default:
      return "events";
  }
}

std::string seconds_text(std::int64_t ns) {
  char text[48];
  std::snprintf(text, sizeof text, "%" PRId64 ".%09" PRId64 " s", ns / 1'000'000'000, ns % 1'000'000'000);
  return text;
}

}  // namespace

/// What the bridge keeps for a rank: it is on the thread's own heap, not on the rank's stack.
struct world::rank_record {
  endpoint* where = nullptr;
  context* running = nullptr;
  int exit_code = 0;
};

world::world(world_options options) : options_(std::move(options)), disks_(options_.disk.capacity), engine_(options_) {
  engine_.set_thread_state(swap_loop);
}

world::~world() = default;

void world::draw_faults(life& one) {
  const fault_options& wanted = options_.faults;
  std::vector<fault> all = wanted.planned;
  random_source& random = engine_.random();
  const auto draw_time = [&random](duration most) {
    return duration(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()) + 1)));
  };
  const auto draw = [&](fault_kind what, int most) {
    const std::uint64_t number = random.below(static_cast<std::uint64_t>(most) + 1);
    for (std::uint64_t i = 0; i < number; ++i) {
      fault f;
      f.what = what;
      f.rank = static_cast<int>(random.below(one.ranks.size()));
      f.at = draw_time(wanted.within);
      f.length = draw_time(wanted.longest);
      f.factor = static_cast<int>(random.below(50)) + 2;
      all.push_back(f);
    }
  };
  draw(fault_kind::pause_rank, wanted.pauses);
  draw(fault_kind::slow_rank, wanted.slow_ranks);
  draw(fault_kind::delay_rank, wanted.delays);
  if (random.below(1000) < static_cast<std::uint64_t>(wanted.kills_in_thousand)) {
    fault f;
    f.what = fault_kind::kill_rank;
    f.rank = static_cast<int>(random.below(one.ranks.size()));
    f.at = draw_time(wanted.within);
    all.push_back(f);
  }
  for (const fault& f : all) {
    if (f.at_event != 0) {
      one.kill_at_event = f.at_event;
      continue;
    }
    injectors_.push_back(std::make_shared<injector>(one, f));
    engine_.call_at(engine_.now() + f.at.count(), *injectors_.back());
  }
}

/// Runs on the rank's own stack. Whatever goes wrong there ends the job, as a process that dies does.
void world::run_rank(rank_record& rank, weft::detail::program& body, const config& settings) {
  struct leaving {
    rank_record& of;
    ~leaving() {
      of.running = nullptr;
      of.where->bridge = nullptr;
    }
  } const guard{rank};
  try {
    weft::world outside;
    outside.transport = std::make_unique<sim_transport>(*rank.where);
    outside.host = std::make_unique<sim_host>(*rank.where, disks_);
    outside.storage = std::make_unique<sim_storage>(*rank.where, disks_);
    context ctx(std::move(outside), settings);
    rank.running = &ctx;
    rank.where->bridge = &rank;
    rank.exit_code = weft::detail::run_in(ctx, body);
  } catch (const std::exception& e) {
    rank.where->last_words = e.what();
    rank.where->error_output += std::string("weft: ") + e.what() + "\n";
    engine_.abort(*rank.where, static_cast<int>(exit_code::runtime_error));
  }
}

last_call world::last_call_of(const endpoint& rank) {
  if (rank.bridge == nullptr) return {};
  const call_place& last = static_cast<const rank_record*>(rank.bridge)->running->loop().last_call();
  return {last.what, last.where.file, last.where.line};
}

outcome world::run_program(weft::detail::program& body, int ranks, const config& settings) {
  if (ranks < 1) throw usage_error("a simulated life needs at least one rank");
  for (auto& record : records_) former_.push_back(std::move(record));
  records_.clear();
  life& one = engine_.add_life(ranks);
  last_ = &one;
  draw_faults(one);
  const auto its_settings = std::make_shared<const config>(settings);  // survivors may begin after this call
  for (const auto& rank : one.ranks) {
    records_.push_back(std::make_unique<rank_record>());
    rank_record& record = *records_.back();
    record.where = rank.get();
    engine_.start(*rank, [this, &record, &body, its_settings] { run_rank(record, body, *its_settings); });
  }
  const guard watched(engine_, &world::last_call_of);
  outcome result;
  result.stopped_by = engine_.run(one);
  result.virtual_time = duration(engine_.now() - one.started_at);
  result.interface_events = one.events;
  result.is_crashed = one.is_crashed;
  result.crashed_rank = one.crashed_rank;
  if (one.crashed_rank >= 0) result.last_words = one.ranks[static_cast<std::size_t>(one.crashed_rank)]->last_words;
  if (one.is_crashed) {
    result.exit_code = one.abort_code > 0 ? one.abort_code : static_cast<int>(exit_code::runtime_error);
    if (options_.disk.loses_power) {
      engine_.lose_power();
      disks_.lose_power(engine_.random(), options_.disk.sectors_are_atomic);
    }
    return result;
  }
  if (result.stopped_by != stop_reason::life_over) {
    result.exit_code = static_cast<int>(exit_code::hang);
    result.report = standstill_report(one, result.stopped_by);
    engine_.end(one);
    return result;
  }
  for (const auto& record : records_) result.exit_code = std::max(result.exit_code, record->exit_code);
  return result;
}

std::string world::standstill_report(const life& one, stop_reason why) const {
  std::string text;
  if (why == stop_reason::standstill) {
    text = "standstill: every rank waits, and nothing is under way that could change that";
  } else if (why == stop_reason::asked) {
    text = "stopped at event " + std::to_string(engine_.counts().interface_events) + ", as asked for";
  } else {
    text = std::string("the limit on ") + limit_name(why) + " is reached: the program does not come to an end";
  }
  text += ", " + seconds_text(engine_.now() - one.started_at) + " after the start\n";
  std::size_t told = 0;
  std::size_t waiting = 0;
  for (const auto& record : records_) {
    const endpoint& rank = *record->where;
    if (rank.state == rank_state::ended) continue;
    ++waiting;
    if (told == ranks_in_report) continue;
    ++told;
    text += "rank " + std::to_string(rank.rank) + ": ";
    const std::string pending = record->running != nullptr ? record->running->loop().pending_report() : std::string();
    text += pending.empty() ? std::string("last call: ") + rank.last_call + "\n" : pending;
  }
  if (waiting > told) text += "and " + std::to_string(waiting - told) + " ranks more\n";
  return text;
}

const std::string& world::output(int rank) const { return last_->ranks.at(static_cast<std::size_t>(rank))->output; }
const std::string& world::error_output(int rank) const {
  return last_->ranks.at(static_cast<std::size_t>(rank))->error_output;
}

std::string world::event_table() const { return table_of_last_events(engine_); }

std::string world::summary() const {
  const sim::counts& c = engine_.counts();
  char text[256];
  std::snprintf(text, sizeof text,
                "hash %016" PRIx64 ", %s of virtual time, %" PRIu64 " messages, %" PRIu64 " bytes, %" PRIu64
                " interface events, %" PRIu64 " switches",
                hash(), seconds_text(engine_.now() - (last_ != nullptr ? last_->started_at : engine_.now())).c_str(),
                c.messages, c.bytes, c.interface_events, c.switches);
  if (options_.measures_computation) return std::string(text) + " (computation was measured: not reproducible)";
  return text;
}

}  // namespace weft::sim
