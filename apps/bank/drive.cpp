// SPDX-License-Identifier: BSL-1.0
#include "drive.hpp"

#include <chrono>
#include <memory>

#include "workload.hpp"

namespace weft::bank {
namespace {

struct stretch {
  time_point end = never;
  std::uint64_t transactions = 0;  ///< of each client; 0: until the end
};

task<> client(context& ctx, workload& bank, random_source random, stretch how, std::vector<type_tally>& tallies) {
  for (std::uint64_t n = 0; how.transactions == 0 ? ctx.loop().now() < how.end : n < how.transactions; ++n) {
    const time_point start = ctx.loop().now();
    const finished done = co_await bank.transact(random);
    type_tally& t = tallies[done.type];
    ++(done.is_refused ? t.refused : t.committed);
    t.attempts += static_cast<std::uint64_t>(done.attempts);
    t.took.add(static_cast<std::uint64_t>((ctx.loop().now() - start).count()));
  }
}

/// The tallies of all ranks, and the work, as one vector of sums.
task<> add_all_ranks(context& ctx, bank_report& report) {
  std::vector<std::uint64_t> numbers{report.work.messages, report.work.forces};
  for (const type_tally& t : report.tallies) {
    numbers.insert(numbers.end(), {t.committed, t.refused, t.attempts});
    numbers.insert(numbers.end(), t.took.counts().begin(), t.took.counts().end());
  }
  auto adding = ctx.world().iallreduce(std::move(numbers), sum);
  const std::vector<std::uint64_t> all = co_await std::move(adding);
  auto at = all.begin();
  report.work.messages = *at++;
  report.work.forces = *at++;
  for (type_tally& t : report.tallies) {
    t.committed = *at++;
    t.refused = *at++;
    t.attempts = *at++;
    const auto end = at + static_cast<std::ptrdiff_t>(latencies::buckets);
    t.took = latencies(std::vector<std::uint64_t>(at, end));
    at = end;
  }
}

}  // namespace

task<bank_report> drive(context& ctx, const bank_options& options) {
  const std::unique_ptr<workload> bank = make_workload(ctx, options);
  co_await bank->open();
  bank_report report;
  report.ranks = ctx.size();
  report.types = bank->types();
  report.tallies.resize(report.types.size());
  const txn::store_stats before = bank->stats();
  auto all_open = ctx.world().ibarrier();
  co_await all_open;

  const time_point start = ctx.loop().now();
  stretch how;
  how.transactions = options.transactions;
  how.end = start + std::chrono::duration_cast<duration>(std::chrono::duration<double>(options.seconds));
  scope clients(ctx.loop());  // ends before the bank does, whatever happens
  for (int c = 0; c < options.clients; ++c) {
    random_source seeds(options.seed * 1'000'003 + static_cast<std::uint64_t>(ctx.rank()) * 100'003 +
                        static_cast<std::uint64_t>(c));
    clients.spawn(client(ctx, *bank, random_source(seeds()), how, report.tallies));
  }
  co_await clients.join();
  auto all_done = ctx.world().ibarrier();
  co_await all_done;
  report.seconds = std::chrono::duration<double>(ctx.loop().now() - start).count();
  report.work = bank->stats();
  report.work.messages -= before.messages;
  report.work.forces -= before.forces;
  co_await add_all_ranks(ctx, report);
  report.wrong = co_await bank->audit();
  auto quiet = ctx.quiescence();
  co_await quiet;
  co_return report;
}

}  // namespace weft::bank
