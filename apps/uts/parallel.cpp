// SPDX-License-Identifier: BSL-1.0
#include "parallel.hpp"

#include <vector>

namespace weft::uts {

namespace {

/// Counts one node and puts its children.
void visit(const tree& which, work_queue<node>& nodes, const node& parent, std::vector<node>& children,
           tree_counts& counts) {
  ++counts.nodes;
  counts.depth = std::max(counts.depth, parent.height);
  children.clear();
  if (which.expand(parent, children) == 0) ++counts.leaves;
  nodes.put(children.begin(), children.end());
}

/// This rank's part of the search.
task<tree_counts> work(const tree& which, work_queue<node>& nodes) {
  tree_counts counts;
  std::vector<node> children;
  for (;;) {
    auto next = co_await nodes.get();
    if (!next) co_return counts;
    visit(which, nodes, **next, children, counts);
    next->done();
    while (auto more = nodes.try_get()) {
      visit(which, nodes, **more, children, counts);
      nodes.poll();
    }
  }
}

}  // namespace

task<search_report> search(context& ctx, const tree& which) {
  work_queue<node> nodes(ctx);
  co_await ctx.world().ibarrier();
  const time_point start = ctx.loop().now();
  if (ctx.rank() == 0) nodes.put(which.root());
  nodes.close();
  const tree_counts mine = co_await work(which, nodes);
  const double elapsed = std::chrono::duration<double>(ctx.loop().now() - start).count();

  search_report report;
  report.queue = nodes.stats();
  report.counts.nodes = co_await ctx.world().iallreduce(mine.nodes, sum);
  report.counts.leaves = co_await ctx.world().iallreduce(mine.leaves, sum);
  report.counts.depth = co_await ctx.world().iallreduce(mine.depth, maximum);
  report.seconds = co_await ctx.world().iallreduce(elapsed, maximum);
  co_return report;
}

}  // namespace weft::uts
