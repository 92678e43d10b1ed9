// SPDX-License-Identifier: BSL-1.0
#include "parallel.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace weft::uts {

namespace {

/// How many nodes are taken at once: what it costs to take and let go is spread over them, and the stack grows little.
constexpr std::size_t batch = 16;

/// Counts one node and puts its children.
inline void visit(const tree& which, work_queue<node>& nodes, const node& parent, tree_counts& counts) {
  ++counts.nodes;
  counts.depth = std::max(counts.depth, parent.height);
  const int children = which.children(parent);
  if (children == 0) {
    ++counts.leaves;
    return;
  }
  nodes.put_in_place(static_cast<std::size_t>(children), [&](std::span<node> room) { which.derive(parent, 0, room); });
}

/// This rank's part of the search.
task<tree_counts> work(context& ctx, const tree& which, work_queue<node>& nodes, double node_ns) {
  tree_counts counts;
  for (;;) {
    item_batch<node> some = co_await nodes.get_n(batch);
    if (!some) co_return counts;
    while (some) {
      for (const node& parent : some) visit(which, nodes, parent, counts);
      if (node_ns > 0) ctx.compute(duration(std::llround(node_ns * static_cast<double>(some.size()))));
      some = nodes.try_get_n(batch);
    }
  }
}

}  // namespace

task<search_report> search(context& ctx, const tree& which, double node_ns) {
  work_queue<node> nodes(ctx);
  co_await ctx.world().ibarrier();
  const time_point start = ctx.loop().now();
  if (ctx.rank() == 0) nodes.put(which.root());
  nodes.close();
  const tree_counts mine = co_await work(ctx, which, nodes, node_ns);
  const double elapsed = std::chrono::duration<double>(ctx.loop().now() - start).count();

  search_report report;
  report.counts.nodes = co_await ctx.world().iallreduce(mine.nodes, sum);
  report.counts.leaves = co_await ctx.world().iallreduce(mine.leaves, sum);
  report.counts.depth = co_await ctx.world().iallreduce(mine.depth, maximum);
  report.ranks = co_await ctx.world().igather(share_of(mine.nodes, nodes.stats()), 0);
  report.seconds = co_await ctx.world().iallreduce(elapsed, maximum);
  co_return report;
}

}  // namespace weft::uts
