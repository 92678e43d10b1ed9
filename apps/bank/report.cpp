// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <fmt/format.h>

namespace weft::bank {
namespace {

double per(std::uint64_t n, double of) { return of > 0 ? static_cast<double>(n) / of : 0; }

std::uint64_t committed(const bank_report& of) {
  std::uint64_t all = 0;
  for (const type_tally& t : of.tallies) all += t.committed;
  return all;
}

}  // namespace

std::string bank_report::text(const bank_options& options) const {
  const std::uint64_t all = committed(*this);
  std::string out = fmt::format("{} on {} rank{} with {} clients each, {} rule, {}: {} committed in {:.2f} s, {:.0f}/s\n",
                                options.workload, ranks, ranks == 1 ? "" : "s", options.clients, options.decision,
                                options.locks, all, seconds, per(all, seconds));
  out += fmt::format("{:<17}{:>10}{:>12}{:>9}{:>10}{:>10}{:>10}{:>10}\n", "", "committed", "goodput/s", "refused",
                     "attempts", "p50 us", "p99 us", "p99.9 us");
  for (std::size_t i = 0; i < types.size(); ++i) {
    const type_tally& t = tallies[i];
    const auto us = [&](double share) { return static_cast<double>(t.took.quantile(share)) / 1000; };
    out += fmt::format("{:<17}{:>10}{:>12.0f}{:>9}{:>10.3f}{:>10.1f}{:>10.1f}{:>10.1f}\n", types[i], t.committed,
                       per(t.committed, seconds), t.refused, per(t.attempts, static_cast<double>(t.committed + t.refused)),
                       us(0.5), us(0.99), us(0.999));
  }
  out += fmt::format("per commit: {:.3f} messages, {:.4f} forces\n", per(work.messages, static_cast<double>(all)),
                     per(work.forces, static_cast<double>(all)));
  return out + (wrong.empty() ? "the books are right\n" : "THE BOOKS ARE WRONG: " + wrong + "\n");
}

nlohmann::json bank_report::json(const bank_options& options) const {
  const auto all = static_cast<double>(committed(*this));
  nlohmann::json out{{"workload", options.workload},
                     {"ranks", ranks},
                     {"clients", options.clients},
                     {"decision", options.decision},
                     {"locks", options.locks},
                     {"multi", options.multi ? nlohmann::json(*options.multi) : nlohmann::json()},
                     {"theta", options.theta ? nlohmann::json(*options.theta) : nlohmann::json()},
                     {"seconds", seconds},
                     {"committed", committed(*this)},
                     {"goodput", per(committed(*this), seconds)},
                     {"messages_per_commit", per(work.messages, all)},
                     {"forces_per_commit", per(work.forces, all)},
                     {"wrong", wrong},
                     {"types", nlohmann::json::object()}};
  for (std::size_t i = 0; i < types.size(); ++i) {
    const type_tally& t = tallies[i];
    out["types"][types[i]] = {{"committed", t.committed},
                              {"refused", t.refused},
                              {"attempts", t.attempts},
                              {"goodput", per(t.committed, seconds)},
                              {"p50_ns", t.took.quantile(0.5)},
                              {"p99_ns", t.took.quantile(0.99)},
                              {"p999_ns", t.took.quantile(0.999)}};
  }
  return out;
}

}  // namespace weft::bank
