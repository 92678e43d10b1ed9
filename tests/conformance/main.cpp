// SPDX-License-Identifier: BSL-1.0
// What every world must do, seen through the typed layer and the storage: one program for all of them. Under mpirun it
// runs over MPI and the file system, with WEFT_SIM=ranks=N over the simulated ones. Rank 0 prints what the ranks saw.
#include "conformance.hpp"

#include <iostream>

namespace weft::conformance {
namespace {

bool run_case(context& ctx, const test_case& one) {
  notes seen;
  try {
    one.run(ctx, seen);
  } catch (const std::exception& e) {
    seen.add(e.what());
    seen.check(false, "an exception left the case");
  }
  const auto failures = ctx.world().allreduce(seen.failed() ? 1 : 0, sum);
  const auto all = ctx.world().gather(seen.lines(), 0);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    for (const std::string& line : all[rank]) std::cout << one.name << ' ' << rank << ": " << line << '\n';
  }
  return failures == 0;
}

int run_all(context& ctx) {
  bool all_hold = true;
  for (const auto* cases :
       {&message_cases(), &receive_cases(), &communicator_cases(), &collective_cases(), &storage_cases()}) {
    for (const test_case& one : *cases) {
      if (ctx.size() >= one.least_ranks) all_hold &= run_case(ctx, one);
    }
  }
  std::cout.flush();
  return all_hold ? 0 : 1;
}

}  // namespace
}  // namespace weft::conformance

int main(int argc, char** argv) { return weft::run(argc, argv, weft::conformance::run_all); }
