// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2 3 4
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/mpi/context.hpp>
#include <weft/txn/file_participant.hpp>
#include <weft/txn/store.hpp>
#include <weft/txn/transactional_queue.hpp>

#include "support/mpi_shared_directory.hpp"
#include "support/mpi_test.hpp"

namespace weft {
namespace {

using steps = store<int, std::int64_t>;
using items = transactional_queue<std::int64_t>;
constexpr int last_step = -1;

store_options kept_in(const std::string& directory) {
  store_options options;
  options.kept = store_durability::synced;
  options.directory = directory;
  return options;
}

/// Sums up the works that this rank's instance has done.
class adder final : public participant {
 public:
  std::string_view name() const override { return "adder"; }
  task<participant_vote> prepare(transaction_id, std::string, std::string work) override {
    participant_vote vote;
    vote.redo = std::move(work);
    co_return vote;
  }
  void commit(const transaction_id&, std::string_view, std::string_view redo) override {
    sum_ += std::stoll(std::string(redo));
  }
  void abort(const transaction_id&, std::string_view, std::string_view) override {}
  void recover(const transaction_id&, std::string_view, std::string_view) override {}
  task<> checkpoint() override { co_return; }
  std::int64_t sum() const { return sum_; }

 private:
  std::int64_t sum_ = 0;
};

task<> add_all(context& ctx, steps& s, const participant& with) {
  for (int n = 0; n < 20; ++n) {
    auto body = [&](steps::transaction_type& tx) -> task<> {
      const std::string key = "k" + std::to_string((n + ctx.rank()) % 5);
      const auto before = co_await tx.get(n % 3, txn::lock_mode::exclusive);
      tx.put(n % 3, before.value_or(0) + n);
      tx.enlist(with, key, std::to_string(n));
    };
    auto running = s.transact(body);
    co_await running;
  }
  co_await s.close();
}

TEST(Participants, DoTheirWorkWithTheCommitOnTheRankOfItsKey) {
  const testing::shared_directory scratch;
  context ctx(MPI_COMM_WORLD);
  const std::string bank = scratch.path() + "/bank";
  adder with;
  steps s(ctx, kept_in(bank));
  s.enlist(with);
  ctx.run(s.open());
  ctx.run(add_all(ctx, s, with));
  std::int64_t mine[2] = {with.sum(), 0}, all[2] = {};
  s.for_each_local([&mine](int, std::int64_t value) { mine[1] += value; });
  MPI_Allreduce(mine, all, 2, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  EXPECT_EQ(all[0], ctx.size() * 190);
  EXPECT_EQ(all[1], all[0]);
}

task<> write_checkpoint(context& ctx, steps& s, file_participant& files, std::int64_t step) {
  std::string draft;
  if (ctx.rank() == 0) draft = files.draft("state");
  auto telling = ctx.world().ibcast(draft, 0);
  draft = co_await telling;
  std::ofstream(draft + "/" + std::to_string(ctx.rank())) << step;
  auto all_written = ctx.world().ibarrier();
  co_await all_written;
  if (ctx.rank() == 0) {
    auto body = [&](steps::transaction_type& tx) -> task<> {
      files.publish(tx, "state", draft);
      tx.put(last_step, step);
      co_return;
    };
    auto running = s.transact(body);
    const transaction_result done = co_await running;
    EXPECT_TRUE(done);
  }
}

/// Rank 0 publishes; until `is_over` every rank reads sets of one step only.
task<> read_checkpoints(context& ctx, const file_participant& files, const bool& is_over, int& seen) {
  while (!is_over) {
    co_await yield();
    std::error_code missing;
    const std::filesystem::path now = std::filesystem::canonical(files.path_of("state"), missing);
    if (missing) continue;
    std::int64_t first = 0;
    for (int r = 0; r < ctx.size(); ++r) {
      std::int64_t step = -1;
      std::ifstream(now / std::to_string(r)) >> step;
      if (r == 0) first = step;
      EXPECT_EQ(step, first);
    }
    ++seen;
  }
}

task<> checkpoints(context& ctx, steps& s, file_participant& files, int& seen) {
  bool is_over = false;
  auto reading = ctx.spawn(read_checkpoints(ctx, files, is_over, seen));
  for (std::int64_t step = 1; step <= 10; ++step) {
    co_await write_checkpoint(ctx, s, files, step);
    auto all = ctx.world().ibarrier();  // a set stays while it is present, and until the one after the next
    co_await all;
  }
  is_over = true;
  co_await reading;
  co_await s.close();
}

TEST(FileParticipant, ShowsOneSetOfFilesOrTheNextAndOutlivesTheStore) {
  const testing::shared_directory scratch;
  const std::string bank = scratch.path() + "/bank", folder = scratch.path() + "/checkpoints";
  for (int life = 0; life < 2; ++life) {
    context ctx(MPI_COMM_WORLD);
    file_participant files(ctx, folder);
    steps s(ctx, kept_in(bank));
    s.enlist(files);
    ctx.run(s.open());
    if (life == 1) {
      std::int64_t step = 0;
      std::ifstream(files.path_of("state") + "/0") >> step;
      EXPECT_EQ(step, 10);
      ctx.run(s.close());
      continue;
    }
    int seen = 0;
    ctx.run(checkpoints(ctx, s, files, seen));
    EXPECT_GT(seen, 0);
  }
}

task<> work_off(context& ctx, steps& s, items& raw, items& done, std::int64_t& worked) {
  constexpr std::int64_t each = 40;
  for (std::int64_t n = 0; n < each; ++n) {
    auto publishing = [&](steps::transaction_type& tx) -> task<> {
      raw.publish(tx, ctx.rank() * each + n, static_cast<int>(n) % ctx.size());
      co_return;
    };
    auto running = s.transact(publishing);
    co_await running;
  }
  auto all_published = ctx.world().ibarrier();
  co_await all_published;
  for (bool has_more = true; has_more;) {
    bool found_one = false;
    auto body = [&](steps::transaction_type& tx) -> task<> {
      auto taking = raw.consume(tx);
      const std::optional<std::int64_t> next = co_await taking;
      found_one = next.has_value();
      if (!found_one) co_return;
      const int key = static_cast<int>(*next);
      const auto before = co_await tx.get(key, txn::lock_mode::exclusive);
      tx.put(key, before.value_or(0) + 1);
      done.publish(tx, *next);
    };
    auto running = s.transact(body);
    co_await running;
    worked += found_one ? 1 : 0;
    auto left = ctx.world().iallreduce(raw.local_size(), weft::sum);
    const std::size_t count = co_await left;
    has_more = count > 0;
  }
  co_await s.close();
}

TEST(TransactionalQueue, HandsOutEachItemOnceToAnyRank) {
  const testing::shared_directory scratch;
  context ctx(MPI_COMM_WORLD);
  const std::string bank = scratch.path() + "/bank";
  steps s(ctx, kept_in(bank));
  items raw(s, "raw"), done(s, "done");
  ctx.run(s.open());
  std::int64_t worked = 0;
  ctx.run(work_off(ctx, s, raw, done, worked));
  std::int64_t mine[3] = {worked, static_cast<std::int64_t>(done.local_size()), 0}, all[3] = {};
  s.for_each_local([&mine](int, std::int64_t times) {
    EXPECT_EQ(times, 1);
    mine[2] += times;
  });
  MPI_Allreduce(mine, all, 3, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  EXPECT_EQ(all[0], ctx.size() * 40);
  EXPECT_EQ(all[1], all[0]);
  EXPECT_EQ(all[2], all[0]);
}

}  // namespace
}  // namespace weft
