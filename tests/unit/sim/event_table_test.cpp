// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <weft/sim/event_table.hpp>
#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

#include "support/scratch_directory.hpp"

namespace weft {
namespace {

task<> token_ring(context& ctx) {
  auto incoming = ctx.world().irecv<int>((ctx.rank() + ctx.size() - 1) % ctx.size(), 4);
  co_await ctx.world().isend((ctx.rank() + 1) % ctx.size(), 4, ctx.rank());
  co_await std::move(incoming);
}

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(file);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

TEST(sim_event_table, has_every_event_with_its_number) {
  const testing::scratch_directory folder;
  const std::string file = folder.path() + "/events";
  sim::world cluster;
  {
    const sim::event_recorder recorder(cluster.engine(), file, 0, 0);
    ASSERT_TRUE(cluster.run(token_ring, 40));
  }
  const auto lines = lines_of(file);
  ASSERT_EQ(lines.size(), 1 + cluster.counts().interface_events);
  std::size_t sends = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    EXPECT_EQ(std::stoull(lines[i]), i);
    const bool is_ring =
        lines[i].find("send") != std::string::npos && lines[i].find("     4          4 ") != std::string::npos;
    sends += is_ring ? 1u : 0u;
  }
  EXPECT_EQ(sends, 40u);
  const std::string last = cluster.event_table();
  EXPECT_NE(last.find(lines.back() + "\n"), std::string::npos);
  EXPECT_EQ(std::count(last.begin(), last.end(), '\n'), 65);
}

TEST(sim_event_table, recording_changes_nothing) {
  sim::world plain;
  plain.run(token_ring, 16);
  sim::world recorded;
  const sim::event_recorder recorder(recorded.engine(), "", 3, 0);
  recorded.run(token_ring, 16);
  EXPECT_EQ(plain.hash(), recorded.hash());
}

TEST(sim_event_table, ends_the_run_at_an_event_with_what_each_rank_waits_for) {
  sim::world cluster;
  const sim::event_recorder recorder(cluster.engine(), "", 0, 5);
  const sim::outcome end = cluster.run(token_ring, 16);
  EXPECT_EQ(end.exit_code, 5);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::asked);
  EXPECT_NE(end.report.find("as asked for"), std::string::npos) << end.report;
  EXPECT_LT(end.interface_events, 40u);
}

TEST(sim_event_table, refuses_a_file_that_cannot_be_written) {
  sim::world cluster;
  EXPECT_THROW(sim::event_recorder(cluster.engine(), "/no/such/folder/events", 0, 0), world_error);
}

}  // namespace
}  // namespace weft
