// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <weft/async/async.hpp>
#include <weft/core/error.hpp>
#include <weft/mpi/native.hpp>
#include <weft/txn/store.hpp>

#include "cases.hpp"
#include "raw_transfers.hpp"

namespace weft::bench {
namespace {

using bank = store<std::uint64_t, std::int64_t>;
using bank_transaction = bank::transaction_type;

void add_amount(std::int64_t& balance, std::int64_t amount) { balance += amount; }

/// Transfers from this rank's accounts to the other's, by so many clients on each of two ranks.
class weft_transfers {
 public:
  weft_transfers(context& ctx, int clients, bool by_calls)
      : ctx_(ctx), store_(ctx, {.name = "bench"}), by_calls_(by_calls), accounts_(2) {
    std::uint64_t key = 0;
    while (accounts_[0].size() < transfer_accounts || accounts_[1].size() < transfer_accounts) {
      auto& of = accounts_[static_cast<std::size_t>(store_.owner(key))];
      if (of.size() < transfer_accounts) {
        of.push_back(key);
        store_.load(key, 1000);
      }
      ++key;
    }
    for (int c = 0; c < clients; ++c)
      clients_.emplace_back(static_cast<std::uint64_t>(ctx.rank()) * 100'003 + static_cast<std::uint64_t>(c));
  }

  /// Collective: `count` commits of the clients of each rank.
  void run(int count) {
    to_begin_ = count;
    std::vector<future<void>> running;
    for (random_source& random : clients_) running.push_back(ctx_.spawn(client(random)));
    ctx_.quiescence().get();
    for (auto& each : running) each.get();
  }
  std::int64_t sum() const {
    std::int64_t all = 0;
    store_.for_each_local([&](std::uint64_t, std::int64_t balance) { all += balance; });
    return all;
  }

 private:
  task<> client(random_source& random) {
    while (to_begin_ > 0) {
      --to_begin_;
      const transfer_draw now = draw_transfer(random);
      const auto here = static_cast<std::size_t>(ctx_.rank());
      const std::uint64_t from = accounts_[here][now.from], to = accounts_[1 - here][now.to];
      if (by_calls_) {
        auto body = [&](bank_transaction& tx) -> task<> {
          tx.call<add_amount>(from, -now.amount);
          tx.call<add_amount>(to, now.amount);
          co_return;
        };
        co_await store_.transact(body);
      } else {
        auto body = [&](bank_transaction& tx) -> task<> {
          const std::int64_t a = co_await tx.at(from);
          const std::int64_t b = co_await tx.at(to);
          tx.put(from, a - now.amount);
          tx.put(to, b + now.amount);
        };
        co_await store_.transact(body);
      }
    }
  }

  context& ctx_;
  bank store_;
  bool by_calls_;
  std::vector<std::vector<std::uint64_t>> accounts_;  ///< by rank
  std::vector<random_source> clients_;
  int to_begin_ = 0;
};

/// Raw round trips of 64 bytes.
void raw_round_trips(MPI_Comm comm, int rank, int count) {
  std::array<std::byte, 64> bytes{};
  for (int i = 0; i < count; ++i) {
    if (rank == 0) MPI_Send(bytes.data(), 64, MPI_BYTE, 1, 8, comm);
    MPI_Recv(bytes.data(), 64, MPI_BYTE, 1 - rank, 8, comm, MPI_STATUS_IGNORE);
    if (rank == 1) MPI_Send(bytes.data(), 64, MPI_BYTE, 0, 8, comm);
  }
}

void check_sum(MPI_Comm comm, std::int64_t mine) {
  std::int64_t all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, comm);
  if (all != 2 * 1000 * static_cast<std::int64_t>(transfer_accounts)) throw error("transfers have changed the sum");
}

void transfers(runner& with, context& ctx, int clients, bool by_calls) {
  const std::string name = fmt::format("{}/{}", by_calls ? "transfer_call" : "transfer_get_put", clients);
  if (!with.wants(name)) return;
  MPI_Comm comm = mpi::native(ctx.world());
  weft_transfers ours(ctx, clients, by_calls);
  raw_transfers raw(comm, clients);
  MPI_Barrier(comm);
  contest c{name, [&](int count) { ours.run(count); }, {{"raw 2pc", [&](int count) { raw.run(count); }}}};
  c.operations = 2;  // each rank commits `count`
  c.repetitions = 15;
  c.target_seconds = 0.02;
  with.run(c);
  check_sum(comm, ours.sum());
  check_sum(comm, raw.sum());
}

/// Whether the ceiling is one: a lone client beside bare round trips, and 16 clients beside one.
void ceilings(runner& with, context& ctx) {
  MPI_Comm comm = mpi::native(ctx.world());
  raw_transfers one(comm, 1), more(comm, 16);
  contest lone{"ceiling/1", [&](int count) { one.run(count); },
               {{"round trip", [&](int count) { raw_round_trips(comm, ctx.rank(), count); }}}};
  contest sixteen{"ceiling/16", [&](int count) { more.run(count); }, {{"ceiling/1", [&](int count) { one.run(count); }}}};
  lone.repetitions = sixteen.repetitions = 15;
  with.run(lone);
  with.run(sixteen);
}

}  // namespace

void transactions(runner& with, context& ctx) {
  if (ctx.size() != 2) throw usage_error("the peer of transfers is for exactly 2 ranks: mpirun -n 2 weft-bench txn");
  ceilings(with, ctx);
  for (int clients : {16, 64, 256, 1024}) {
    transfers(with, ctx, clients, true);
    transfers(with, ctx, clients, false);
  }
}

}  // namespace weft::bench
