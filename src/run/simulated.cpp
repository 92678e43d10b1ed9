// SPDX-License-Identifier: BSL-1.0
#include "run/simulated.hpp"

#include <optional>

#include <weft/core/error.hpp>
#include <weft/core/random.hpp>
#include <weft/sim/event_table.hpp>
#include <weft/sim/shell.hpp>
#include <weft/sim/shrink.hpp>
#include <weft/sim/trial.hpp>
#include <weft/sim/world.hpp>

namespace weft::detail {

namespace {

void say_simulated(host& outside, const std::string& text) {
  outside.write(output_stream::err, "weft: simulator: " + text + "\n");
}

/// One run of what is asked for, life after life.
class simulated_run {
 public:
  simulated_run(const sim::shell_request& asked, const config& settings, program& body)
      : asked_(asked), settings_(settings), body_(body), cluster_(asked.world) {
    if (!asked.events_file.empty() || asked.break_at != 0 || asked.until != 0) {
      recorder_.emplace(cluster_.engine(), asked.events_file, asked.break_at, asked.until);
    }
  }

  sim::outcome run(host& outside) {
    random_source counts(asked_.world.seed);
    int ranks = asked_.ranks;
    sim::outcome end;
    for (int life = 0; life <= asked_.restarts; ++life) {
      end = cluster_.run_program(body_, ranks, settings_);
      if (!end.is_crashed) break;
      say_simulated(outside, "the job lost rank " + std::to_string(end.crashed_rank) + " after " +
                                 std::to_string(end.virtual_time.count()) + " ns" +
                                 (life < asked_.restarts ? "; it is started again" : ""));
      ranks = asked_.restart_ranks != 0
                  ? asked_.restart_ranks
                  : static_cast<int>(counts.below(static_cast<std::uint64_t>(asked_.ranks) * 2)) + 1;
    }
    return end;
  }
  const sim::world& cluster() const noexcept { return cluster_; }

 private:
  const sim::shell_request& asked_;
  const config& settings_;
  program& body_;
  sim::world cluster_;
  std::optional<sim::event_recorder> recorder_;
};

/// How a run failed, alike for two runs that failed in the same way; "" if it did not.
std::string failure_of(const sim::outcome& end) {
  if (end) return {};
  std::string how = "exit code " + std::to_string(end.exit_code);
  if (end.is_crashed) how += ", a rank was lost: " + sim::without_numbers(end.last_words);
  if (end.stopped_by == sim::stop_reason::standstill) how += ", standstill";
  if (end.stopped_by > sim::stop_reason::standstill) how += ", a limit was reached";
  return how;
}

/// Runs programs apart from this process, each time anew, and searches among their runs.
class seed_hunt {
 public:
  seed_hunt(host& outside, const config& settings, program& body)
      : outside_(outside), settings_(settings), body_(body) {}

  std::string failure(const sim::run_settings& run) const {
    return sim::run_apart([&] {
      const sim::shell_request asked = sim::parse_request(run.text());
      simulated_run one(asked, settings_, body_);
      return failure_of(one.run(outside_));
    });
  }

  /// The first of `seeds` seeds that fails, as `run`'s seed; how it fails, or "".
  std::string find(sim::run_settings& run, std::uint64_t seeds) const {
    const std::uint64_t first = run.number("seed", 1);
    for (std::uint64_t i = 0; i < seeds; ++i) {
      run.set("seed", std::to_string(first + i));
      std::string how = failure(run);
      if (!how.empty()) return how;
    }
    return {};
  }

  sim::run_settings smallest(const sim::run_settings& run, const std::string& how, std::uint64_t seeds) const {
    const auto fails = [&](const sim::run_settings& smaller) { return failure(smaller) == how; };
    const sim::shrunk_run found = sim::shrink(run, sim::sizes_of(run), seeds, fails);
    say_simulated(outside_, "shrunk in " + std::to_string(found.trials) + " runs");
    return found.settings;
  }

 private:
  host& outside_;
  const config& settings_;
  program& body_;
};

std::string command_of(const sim::run_settings& run, const std::vector<std::string>& arguments) {
  std::string line = "WEFT_SIM=" + sim::shell_word(run.text());
  for (const std::string& word : arguments) line += " " + sim::shell_word(word);
  return line;
}

int run_once(host& outside, const sim::shell_request& asked, const config& settings, program& body) {
  simulated_run one(asked, settings, body);
  const sim::outcome end = one.run(outside);
  if (!end.report.empty()) say_simulated(outside, end.report);
  if (asked.wants_events) outside.write(output_stream::err, one.cluster().event_table());
  if (asked.wants_summary) say_simulated(outside, one.cluster().summary());
  return end.exit_code;
}

/// Searches a seed that fails, makes the run smaller if asked to, and shows it.
int run_hunt(host& outside, const std::string& text, const sim::shell_request& asked,
             const std::vector<std::string>& arguments, const config& settings, program& body) {
  sim::run_settings run(text);
  run.set("seeds", "");
  run.set("shrink", "");
  const std::string events = run.value("events");
  run.set("events", "");  // of the run that is shown, not of the trials
  const seed_hunt hunt(outside, settings, body);
  const std::string how = hunt.find(run, asked.seeds);
  if (how.empty()) {
    say_simulated(outside, "no failure in " + std::to_string(asked.seeds) + " seeds");
    return 0;
  }
  say_simulated(outside, "seed " + run.value("seed") + " fails: " + how);
  if (asked.shrink > 0) run = hunt.smallest(run, how, asked.shrink);
  run.set("events", events);
  say_simulated(outside, "repeat it:  " + command_of(run, arguments));
  return run_once(outside, sim::parse_request(run.text()), settings, body);
}

}  // namespace

int run_simulated(host& outside, const std::string& text, const std::vector<std::string>& arguments,
                  const config& settings, program& body) {
  const sim::shell_request asked = sim::parse_request(text);
  if (asked.wants_help) {
    outside.write(output_stream::out, sim::request_help());
    return 0;
  }
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"}) {
    if (!outside.variable(name)) continue;
    throw usage_error(std::string("WEFT_SIM is set under a launcher of MPI (") + name +
                      " is set too): the simulator runs all ranks in one process; leave out mpirun, or unset WEFT_SIM");
  }
  if (asked.seeds > 1 || asked.shrink > 0) return run_hunt(outside, text, asked, arguments, settings, body);
  return run_once(outside, asked, settings, body);
}

}  // namespace weft::detail
