// SPDX-License-Identifier: BSL-1.0
// The README's program of transactions, word for word.
#include <cstdio>

#include <weft/txn/store.hpp>
#include <weft/weft.hpp>

weft::task<> bank(weft::context& ctx) {
  weft::store<int, long> accounts(ctx);
  for (int a = 0; a < 100; ++a) accounts.load(a, 1000);  // each rank keeps its own part of them
  co_await ctx.world().ibarrier();

  const int from = ctx.rank() % 100, to = 99 - from;
  const long amount = 5;
  co_await accounts.transact([&](auto& tx) -> weft::task<> {  // begun again on conflict
    auto a = co_await tx.at(from), b = co_await tx.at(to);
    tx.put(from, a - amount);
    tx.put(to, b + amount);
  });  // two-phase commit across the owners

  long mine = 0;
  co_await accounts.snapshot([&](int, long balance) { mine += balance; });  // at one moment on all ranks
  const long total = co_await ctx.world().iallreduce(mine, weft::sum);
  if (ctx.rank() == 0) std::printf("%ld\n", total);
}

int main(int argc, char** argv) { return weft::run(argc, argv, bank); }
