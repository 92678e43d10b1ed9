// SPDX-License-Identifier: BSL-1.0
/// Sets of files that are replaced by a link, over crashes: seen as the old or the new, as the store's keys say.
#include <weft/txn/file_participant.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/core/random.hpp>
#include <weft/sim/world.hpp>
#include <weft/txn/store.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;
using steps = store<int, std::int64_t>;
constexpr int last_step = 1;

void write_file(storage& files, const std::string& path, const std::string& text) {
  file_id file = file_id::none;
  ASSERT_TRUE(files.open(file_space::shared, path, open_mode::create, file));
  ASSERT_TRUE(files.write(file, 0, std::as_bytes(std::span(text))));
  files.close(file);
}

std::string read_file(storage& files, const std::string& path) {
  file_id file = file_id::none;
  if (!files.open(file_space::shared, path, open_mode::read_only, file)) return "";
  char text[64];
  std::size_t bytes = 0;
  files.read(file, 0, std::as_writable_bytes(std::span(text)), bytes);
  files.close(file);
  return {text, bytes};
}

/// A checkpoint of one file for each rank, and its number in the store.
task<bool> checkpoint(context& ctx, steps& s, file_participant& files, std::int64_t step) {
  std::string draft;
  if (ctx.rank() == 0) draft = files.draft("state");
  auto telling = ctx.world().ibcast(draft, 0);
  draft = co_await telling;
  write_file(*ctx.storage(), draft + "/" + std::to_string(ctx.rank()), std::to_string(step));
  auto all_written = ctx.world().ibarrier();
  co_await all_written;
  if (ctx.rank() != 0) co_return true;
  auto body = [&](steps::transaction_type& tx) -> task<> {
    files.publish(tx, "state", draft);
    tx.put(last_step, step);
    co_return;
  };
  auto running = s.transact(body);
  const transaction_result done = co_await running;
  co_return static_cast<bool>(done);
}

TEST(file_participant, replaces_a_set_of_files_with_the_commit) {
  sim::world cluster;
  const auto program = [&](context& ctx) -> task<> {
    file_participant files(ctx, "checkpoints");
    steps s(ctx);
    s.enlist(files);
    EXPECT_THROW(files.draft("a/b"), usage_error);
    for (std::int64_t step = 1; step <= 3; ++step) {
      auto writing = checkpoint(ctx, s, files, step);
      co_await writing;
      auto all = ctx.world().ibarrier();
      co_await all;
      for (int r = 0; r < ctx.size(); ++r) {
        const std::string text = read_file(*ctx.storage(), files.path_of("state") + "/" + std::to_string(r));
        EXPECT_EQ(text, std::to_string(step));
      }
      auto all_read = ctx.world().ibarrier();
      co_await all_read;
    }
    std::vector<directory_entry> versions;
    EXPECT_TRUE(ctx.storage()->list(file_space::shared, "checkpoints/versions", versions));
    EXPECT_EQ(versions.size(), 2u) << "the present one and the one before";
  };
  const sim::outcome end = cluster.run(program, 3);
  EXPECT_TRUE(end) << end.report << cluster.error_output(0);
}

TEST(file_participant, keeps_the_draft_of_a_transaction_that_aborts_for_the_next_attempt) {
  sim::world cluster;
  const auto program = [&](context& ctx) -> task<> {
    file_participant files(ctx, "checkpoints");
    steps s(ctx);
    s.enlist(files);
    const std::string draft = files.draft("state");
    write_file(*ctx.storage(), draft + "/0", "never");
    auto body = [&](steps::transaction_type& tx) -> task<> {
      files.publish(tx, "state", draft);
      tx.enlist(files, "missing", "checkpoints/versions/nowhere");
      co_return;
    };
    bool has_thrown = false;
    try {
      auto running = s.transact(body);
      co_await running;
    } catch (const remote_error&) {
      has_thrown = true;
    }
    EXPECT_TRUE(has_thrown);
    EXPECT_EQ(read_file(*ctx.storage(), files.path_of("state") + "/0"), "");
    EXPECT_EQ(read_file(*ctx.storage(), draft + "/0"), "never");
    files.discard(draft);
    EXPECT_EQ(read_file(*ctx.storage(), draft + "/0"), "");
  };
  const sim::outcome end = cluster.run(program, 1);
  EXPECT_TRUE(end) << end.report << cluster.error_output(0);
}

/// What readers of all lives have seen.
struct seen_state {
  std::int64_t newest = 0;        ///< that a reader saw
  std::int64_t acknowledged = 0;  ///< that a client was told
  std::int64_t next = 1;
  int mixtures = 0;
  int older = 0;
};

/// All files of the set, unless the link was replaced in the midst of it.
void look(context& ctx, const file_participant& files, seen_state& state) {
  std::vector<directory_entry> entries;
  const std::string first = read_file(*ctx.storage(), files.path_of("state") + "/0");
  if (!ctx.storage()->list(file_space::shared, files.path_of("state"), entries)) return;
  std::set<std::string> texts;
  for (const directory_entry& entry : entries)
    texts.insert(read_file(*ctx.storage(), files.path_of("state") + "/" + entry.name));
  if (read_file(*ctx.storage(), files.path_of("state") + "/0") != first) return;
  if (texts.size() != 1 || texts.begin()->empty()) {
    ++state.mixtures;
    return;
  }
  const std::int64_t step = std::stoll(*texts.begin());
  if (step < state.newest) ++state.older;
  state.newest = std::max(state.newest, step);
}

task<> reader(context& ctx, const file_participant& files, seen_state& state, const bool& is_over) {
  while (!is_over) {
    look(ctx, files, state);
    co_await sleep_for(150us);
  }
}

task<> life(context& ctx, txn::decision_rule rule, seen_state& state) {
  file_participant files(ctx, "checkpoints");
  store_options how;
  how.kept = store_durability::synced;
  how.directory = "bank";
  how.segment_bytes = 20'000;
  how.decision = rule;
  steps s(ctx, how);
  s.enlist(files);
  bool is_over = false;
  auto reading = ctx.spawn(reader(ctx, files, state, is_over));
  co_await s.open();
  // The files are those that the store knows of.
  std::int64_t mine = 0;
  s.for_each_local([&mine](int, std::int64_t step) { mine += step; });
  auto adding = ctx.world().iallreduce(mine, weft::sum);
  const std::int64_t known = co_await adding;
  EXPECT_GE(known, state.acknowledged);
  if (known > 0) {
    EXPECT_EQ(read_file(*ctx.storage(), files.path_of("state") + "/0"), std::to_string(known));
  }
  auto all_know = ctx.world().ibarrier();
  co_await all_know;
  if (ctx.rank() == 0) state.next = std::max(state.next, known + 1);
  for (int n = 0; n < 6; ++n) {
    auto telling = ctx.world().ibcast(state.next, 0);
    const std::int64_t step = co_await telling;
    auto writing = checkpoint(ctx, s, files, step);
    const bool is_done = co_await writing;
    if (ctx.rank() != 0) continue;
    if (is_done) state.acknowledged = step;
    ++state.next;
  }
  auto all = ctx.world().ibarrier();
  co_await all;
  is_over = true;
  co_await reading;
}

TEST(file_participant, shows_old_or_new_files_over_crashes_with_any_number_of_ranks) {
  for (const txn::decision_rule rule : {txn::decision_rule::explicit_record, txn::decision_rule::implicit}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      sim::world_options options;
      options.seed = seed;
      options.disk.loses_power = options.disk.sectors_are_atomic = seed % 2 == 0;
      options.faults.kills_in_thousand = 850;
      options.faults.within = 40ms;
      sim::world cluster(options);
      seen_state state;
      random_source random(seed);
      for (int n = 0; n < 5; ++n) {
        const auto program = [&](context& ctx) { return life(ctx, rule, state); };
        const sim::outcome end = cluster.run(program, 1 + static_cast<int>(random.below(4)));
        EXPECT_TRUE(end || end.is_crashed) << "seed " << seed << ": " << end.report << cluster.error_output(0);
      }
      EXPECT_EQ(state.mixtures, 0) << "seed " << seed;
      // A power cut may bring an older link back until the restart is through.
      if (!options.disk.loses_power) {
        EXPECT_EQ(state.older, 0) << "seed " << seed;
      }
      EXPECT_GT(state.newest, 0) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weft
