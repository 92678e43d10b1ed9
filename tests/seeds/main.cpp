// SPDX-License-Identifier: BSL-1.0
// Runs suites of simulated programs over many seeds.
//
// usage: weft_seeds [SUITE...] [--first SEED] [--seeds N] [--seconds N] [--nightly] [--shrink N] [--bounds ranks=2,...]
//        weft_seeds --list FILE
//        weft_seeds --places
//
// Every suite, or those named, each for so many seeds or seconds, whichever ends first; `--nightly`: all in turn, 1,000
// seeds of each and then the next 1,000, without end. Prints per suite: seeds, messages, their median per seed,
// crashes, distinct places of crashes. A seed that fails is made smaller (not with `--shrink 0`) and printed with the
// command that repeats it, and the exit code is 1. A list is a file of runs that have failed once.
//
// Built with planted faults (weft/core/planted_fault.hpp) it also tells which marks of rare places were reached;
// `--all-marks` makes it fail if one was not, `--places` prints all faults, marks and crash points. The fault is chosen by
// WEFT_FAULT.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <limits>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <weft/core/planted_fault.hpp>

#include "bounds.hpp"
#include "hunt.hpp"
#include "suite.hpp"

namespace {

using namespace weft::seeds;

const suite* const all_suites[] = {&queue_suite,      &service_suite, &port_suite,    &message_suite,
                                   &collective_suite, &scope_suite,   &durable_suite, &call_suite,
                                   &lock_suite,       &channel_suite, &hostile_suite, &txn_suite,
                                   &farm_suite};

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

/// What a signal handler says of a seed that ends the process.
char present[128];

void note_present(const char* suite, std::uint64_t seed) {
  *fmt::format_to_n(present, sizeof present - 1, "{}: seed {}: the process dies\n", suite, seed).out = '\0';
}
void tell_present(int signal) {
  if (write(STDOUT_FILENO, present, std::strlen(present)) < 0) _exit(signal);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

bool run(const suite& which, const budget& most) {
  const stopwatch watch;
  std::vector<std::uint64_t> messages;
  std::set<std::uint64_t> crash_points;
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = most.first; seed < most.first + most.seeds && watch.seconds() < most.seconds; ++seed) {
    note_present(which.name, seed);
    tally counts;
    const std::string wrong = verdict(which, seed, counts);
    if (!wrong.empty()) {
      std::cout << fmt::format("{}: seed {}: {}\n", which.name, seed, wrong) << std::flush;
      const std::string same = fmt::format("weft_seeds {} --first {} --seeds 1", which.name, seed);
      std::cout << "repeat it:  "
                << (most.shrink == 0 ? same : shrunk_command(which, seed, wrong, most.shrink, most.bounds)) << "\n";
      return false;
    }
    messages.push_back(counts.messages);
    crashes += counts.crashes;
    crash_points.insert(counts.crash_points.begin(), counts.crash_points.end());
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t n : messages) sum += n;
  if (messages.empty()) return true;
  const auto middle = messages.begin() + static_cast<std::ptrdiff_t>(messages.size() / 2);
  std::nth_element(messages.begin(), middle, messages.end());
  std::cout << fmt::format("{:<12} {:>7} seeds in {:.1f} s, {} messages (median {}), {} crashes at {} places\n",
                           which.name, messages.size(), watch.seconds(), sum, *middle, crashes, crash_points.size())
            << std::flush;
  return true;
}

bool run_all(const std::vector<std::string>& names, const budget& most) {
  bool all_good = true;
  for (const suite* one : all_suites) {
    if (names.empty() || std::find(names.begin(), names.end(), one->name) != names.end())
      all_good = run(*one, most) && all_good;
  }
  return all_good;
}

bool run_without_end(const std::vector<std::string>& names, budget most) {
  for (most.seeds = 1'000; run_all(names, most); most.first += most.seeds) {
  }
  return false;
}

#ifdef WEFT_PLANTED_FAULTS
using weft::planted::place;

std::vector<const place*> sorted(place::kind what) {
  std::vector<const place*> all;
  for (const place* at = weft::planted::first(what); at != nullptr; at = at->next) all.push_back(at);
  std::sort(all.begin(), all.end(), [](const place* a, const place* b) { return std::strcmp(a->name, b->name) < 0; });
  return all;
}
void list_places() {
  for (const place* one : sorted(place::kind::fault)) std::cout << "fault " << one->name << "\n";
  for (const place* one : sorted(place::kind::mark)) std::cout << "mark " << one->name << "\n";
  for (const place* one : sorted(place::kind::crash_point)) std::cout << "crash " << one->name << "\n";
}
/// False if the environment asks for a fault that is nowhere.
bool is_fault_known() {
  const char* wanted = weft::planted::chosen();
  if (wanted == nullptr) return true;
  const auto all = sorted(place::kind::fault);
  return std::any_of(all.begin(), all.end(),
                     [wanted](const place* one) { return std::strcmp(one->name, wanted) == 0; });
}
bool tell_places() {
  const auto marks = sorted(place::kind::mark);
  std::string missing;
  std::size_t reached = 0;
  for (const place* one : marks) {
    if (one->reached > 0) {
      ++reached;
    } else {
      missing += std::string(missing.empty() ? "" : ", ") + one->name;
    }
  }
  std::cout << fmt::format("marks        {:>7} of {} reached{}{}\n", reached, marks.size(),
                           missing.empty() ? "" : "; not: ", missing);
  for (const place* one : sorted(place::kind::fault)) {
    if (one->is_on) std::cout << fmt::format("fault        {} struck {} times\n", one->name, one->reached);
  }
  return missing.empty();
}
#else
void list_places() {}
bool is_fault_known() { return true; }
bool tell_places() { return true; }
#endif

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Runs suites of simulated programs over many seeds.");
  std::vector<std::string> names;
  budget most;
  bool is_nightly = false;
  bool shows_places = false;
  bool needs_all_marks = false;
  cli.add_option("suite", names, "which suites; all without");
  cli.add_option("--first", most.first, "the first seed");
  cli.add_option("--seeds", most.seeds, "how many, at most");
  cli.add_option("--seconds", most.seconds, "for how long, at most, each suite");
  cli.add_flag("--nightly", is_nightly, "all suites in turn, without end");
  cli.add_flag("--places", shows_places, "print the planted faults, the marks and the crash points");
  cli.add_option("--shrink", most.shrink, "other seeds for each smaller size of a run that fails");
  std::string bounds;
  cli.add_option("--bounds", bounds, "cuts runs down: ranks=N,steps=PERCENT,pauses=N,slow=N,delays=N,jitter=NS");
  std::string list;
  cli.add_option("--list", list, "runs the lines SUITE SEED [BOUNDS] of a file");
  cli.add_flag("--all-marks", needs_all_marks, "fail if a mark was not reached");
  CLI11_PARSE(cli, argc, argv);
  if (!list.empty()) return run_list(list, all_suites, std::size(all_suites)) ? 0 : 1;
  if (shows_places) {
    list_places();
    return 0;
  }
  if (!is_fault_known()) {
    std::cerr << "weft_seeds: WEFT_FAULT names no fault; --places shows them\n";
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, tell_present);
  most.bounds = weft::sim::run_settings(bounds);
  set_bounds(most.bounds);
  const bool all_good = is_nightly ? run_without_end(names, most) : run_all(names, most);
  const bool has_all_marks = tell_places();
  return all_good && (has_all_marks || !needs_all_marks) ? 0 : 1;
}
