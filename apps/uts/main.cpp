// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <iostream>

#include <fmt/format.h>

#include <weft/weft.hpp>

#include "balance.hpp"
#include "common/app.hpp"
#include "options.hpp"
#include "parallel.hpp"
#include "published.hpp"
#include "sequential.hpp"

namespace {

using namespace weft::uts;

std::string verdict(const published_tree* known, const tree_counts& counts) {
  if (known == nullptr) return "not a published tree";
  const bool equal = counts.nodes == known->nodes && counts.leaves == known->leaves.value_or(counts.leaves) &&
                     counts.depth == known->depth.value_or(counts.depth);
  return fmt::format("{} the published counts of {}", equal ? "equal to" : "DIFFERENT FROM", known->name);
}

void tell(const weft::apps::app& app, const tree& which, const search_report& report, int ranks) {
  const tree_counts& counts = report.counts;
  std::cout << fmt::format(
      "{} nodes, {} leaves, depth {}: {}\n{:.3f} s on {} rank{}: {:.2f} M nodes/s ({})\n", counts.nodes, counts.leaves,
      counts.depth, verdict(find_published(which.parameters()), counts), report.seconds, ranks, ranks == 1 ? "" : "s",
      static_cast<double>(counts.nodes) / report.seconds / 1e6, name(best_sha1_path()));
  app.write_json({{"nodes", counts.nodes},
                  {"leaves", counts.leaves},
                  {"depth", counts.depth},
                  {"ranks", ranks},
                  {"seconds", report.seconds},
                  {"balance", balance_json(report.ranks)}});
}

/// 1 if a published tree came out wrong: the program, not its user, is at fault then.
int code(const tree& which, const tree_counts& counts) {
  return verdict(find_published(which.parameters()), counts).starts_with("DIFFERENT") ? 1 : 0;
}

int sequential(const weft::apps::app& app, const tree& which) {
  const auto start = std::chrono::steady_clock::now();
  search_report report;
  report.counts = search(which);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  tell(app, which, report, 1);
  return code(which, report.counts);
}

/// As many dependent hashes as the sequential search computes, for comparison.
int bare(const weft::apps::app& app, const tree& which) {
  const std::uint64_t nodes = search(which).nodes;
  const auto start = std::chrono::steady_clock::now();
  const digest last = hash_chain(which, nodes);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::cout << fmt::format("{} dependent SHA-1 compressions (the last draws {}): {:.3f} s, {:.2f} M/s ({})\n", nodes,
                           draw(last), seconds, static_cast<double>(nodes) / seconds / 1e6, name(best_sha1_path()));
  app.write_json({{"nodes", nodes}, {"seconds", seconds}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  weft::apps::app app("weft-uts",
                      "Counts an Unbalanced Tree Search tree (Olivier et al., LCPC 2006) through a distributed work queue.\n"
                      "Keys of --json: nodes, leaves, depth, ranks, seconds (of the search alone), balance (one object per\n"
                      "rank: nodes, working_seconds, searching_seconds, idle_seconds, stolen, given, requests,\n"
                      "failed_requests); scripts/plot/uts_balance.py draws it.");
  tree_options options;
  bool alone = false;
  bool hashes_only = false;
  bool balance = false;
  add_tree_options(app.cli(), options);
  app.cli().add_flag("--sequential", alone, "search on one rank, without a queue");
  app.cli().add_flag("--bare", hashes_only,
                     "on one rank, time as many dependent SHA-1 compressions as the tree has nodes");
  app.cli().add_flag("--balance", balance, "say what each rank did");
  double node_ns = 0;
  app.cli()
      .add_option("--charge", node_ns, "nanoseconds of a simulated clock that each node takes; nothing under MPI")
      ->check(CLI::NonNegativeNumber)
      ->type_name("NS");
  if (!app.parse(argc, argv)) return app.exit_code();

  const tree which(options.parameters());
  auto program = [&](weft::context& ctx) -> weft::task<int> {
    if (hashes_only) co_return ctx.rank() == 0 ? bare(app, which) : 0;
    if (alone) co_return ctx.rank() == 0 ? sequential(app, which) : 0;
    const search_report report = co_await search(ctx, which, node_ns);
    if (ctx.rank() == 0) tell(app, which, report, ctx.size());
    if (ctx.rank() == 0 && balance) std::cout << balance_table(report.ranks);
    co_return code(which, report.counts);
  };
  return weft::run(argc, argv, program);
}
