// SPDX-License-Identifier: BSL-1.0
#include "hunt.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include <weft/core/error.hpp>
#include <weft/sim/shrink.hpp>
#include <weft/sim/trial.hpp>

#include "bounds.hpp"

namespace weft::seeds {

std::string verdict(const suite& which, std::uint64_t seed, tally& counts) {
  try {
    return which.run(seed, counts);
  } catch (const std::exception& e) {
    return std::string("threw: ") + e.what();
  }
}

std::string shrunk_command(const suite& which, std::uint64_t seed, const std::string& wrong, std::uint64_t seeds,
                           const sim::run_settings& bounds) {
  sim::run_settings failing = bounds;
  failing.set("seed", std::to_string(seed));
  const std::string how = sim::without_numbers(wrong);
  const auto fails = [&](const sim::run_settings& smaller) {
    return sim::run_apart([&] {
             set_bounds(smaller);
             tally counts;
             return sim::without_numbers(verdict(which, smaller.number("seed", 0), counts));
           }) == how;
  };
  sim::run_settings found = sim::shrink(failing, bound_sizes(), seeds, fails).settings;
  const std::string its_seed = found.value("seed");
  found.set("seed", "");
  const std::string left = found.text();
  return fmt::format("weft_seeds {} --first {} --seeds 1{}", which.name, its_seed,
                     left.empty() ? "" : " --bounds " + left);
}

bool run_list(const std::string& file, const suite* const* suites, std::size_t how_many) {
  std::ifstream lines(file);
  if (!lines) throw usage_error("cannot read " + file);
  bool all_good = true;
  std::size_t done = 0;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name;
    std::uint64_t seed = 0;
    std::string bounds;
    if (!(words >> name)) continue;
    words >> seed >> bounds;
    const auto* const found =
        std::find_if(suites, suites + how_many, [&](const suite* one) { return one->name == name; });
    if (found == suites + how_many) throw usage_error(file + ": no suite '" + name + "'");
    set_bounds(sim::run_settings(bounds));
    tally counts;
    const std::string wrong = verdict(**found, seed, counts);
    ++done;
    if (wrong.empty()) continue;
    all_good = false;
    std::cout << fmt::format("{}: seed {}: {}\nrepeat it:  weft_seeds {} --first {} --seeds 1{}\n", name, seed, wrong,
                             name, seed, bounds.empty() ? "" : " --bounds " + bounds);
  }
  std::cout << fmt::format("{} runs of {}\n", done, file);
  return all_good && done > 0;
}

}  // namespace weft::seeds
