// SPDX-License-Identifier: BSL-1.0
// Runs suites of simulated programs over many seeds.
//
// usage: weft_seeds [SUITE...] [--first SEED] [--seeds N] [--seconds N] [--shrink N] [--bounds ranks=2,...]
//        weft_seeds --list FILE
//
// Every suite, or those named, each for so many seeds or seconds, whichever ends first. Prints per suite: seeds,
// messages, their median per seed, crashes, distinct crash points. A seed that fails is made smaller and printed with
// the command that repeats it, and the exit code is 1. A list is a file of runs that have failed once.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bounds.hpp"
#include "hunt.hpp"
#include "suite.hpp"

namespace {

using namespace weft::seeds;

const suite* const all_suites[] = {&queue_suite, &port_suite, &collective_suite, &scope_suite, &call_suite};

struct budget {
  std::uint64_t first = 1;
  std::uint64_t seeds = 10'000;
  double seconds = 1e9;
  std::uint64_t shrink = 100;  ///< other seeds for each smaller size of a failing run
  weft::sim::run_settings bounds;
};

class stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

bool run(const suite& which, const budget& most) {
  const stopwatch watch;
  std::vector<std::uint64_t> messages;
  std::set<std::uint64_t> crash_points;
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = most.first; seed < most.first + most.seeds && watch.seconds() < most.seconds; ++seed) {
    tally counts;
    const std::string wrong = verdict(which, seed, counts);
    if (!wrong.empty()) {
      std::cout << fmt::format("{}: seed {}: {}\n", which.name, seed, wrong) << std::flush;
      std::cout << fmt::format("repeat it:  {}\n", shrunk_command(which, seed, wrong, most.shrink, most.bounds));
      return false;
    }
    messages.push_back(counts.messages);
    crashes += counts.crashes;
    if (counts.crashes > 0) crash_points.insert(counts.crash_point);
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t n : messages) sum += n;
  if (messages.empty()) return true;
  const auto middle = messages.begin() + static_cast<std::ptrdiff_t>(messages.size() / 2);
  std::nth_element(messages.begin(), middle, messages.end());
  std::cout << fmt::format("{:<12} {:>7} seeds in {:.1f} s, {} messages (median {}), {} crashes at {} points\n",
                           which.name, messages.size(), watch.seconds(), sum, *middle, crashes, crash_points.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Runs suites of simulated programs over many seeds.");
  std::vector<std::string> names;
  budget most;
  cli.add_option("suite", names, "which suites; all without");
  cli.add_option("--first", most.first, "the first seed");
  cli.add_option("--seeds", most.seeds, "how many, at most");
  cli.add_option("--seconds", most.seconds, "for how long, at most, each suite");
  cli.add_option("--shrink", most.shrink, "other seeds for each smaller size of a run that fails");
  std::string bounds;
  cli.add_option("--bounds", bounds, "cuts runs down: ranks=N,steps=PERCENT,pauses=N,slow=N,delays=N,jitter=NS");
  std::string list;
  cli.add_option("--list", list, "runs the lines SUITE SEED [BOUNDS] of a file");
  CLI11_PARSE(cli, argc, argv);
  if (!list.empty()) return run_list(list, all_suites, std::size(all_suites)) ? 0 : 1;
  most.bounds = weft::sim::run_settings(bounds);
  set_bounds(most.bounds);
  bool all_good = true;
  for (const suite* one : all_suites) {
    if (names.empty() || std::find(names.begin(), names.end(), one->name) != names.end())
      all_good = run(*one, most) && all_good;
  }
  return all_good ? 0 : 1;
}
