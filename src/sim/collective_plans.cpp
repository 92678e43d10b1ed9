// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <utility>

#include <weft/sim/collective_run.hpp>

namespace weft::sim {

namespace {

constexpr int exchanges_in_flight = 16;

}  // namespace

/// Dissemination (Hensgen, Finkel, Manber, "Two algorithms for barrier synchronization", 1988).
void plan_barrier(collective_run& run) {
  const int ranks = run.size();
  for (int distance = 1; distance < ranks; distance *= 2) {
    run.send((run.rank() + distance) % ranks, 0, 0);
    run.receive((run.rank() - distance + ranks) % ranks, 0, 0);
    run.next_round();
  }
}

/// Binomial tree.
void plan_bcast(collective_run& run, std::uint64_t bytes, int root) {
  const int ranks = run.size();
  const int me = (run.rank() - root + ranks) % ranks;
  int bit = 1;
  for (; bit < ranks; bit *= 2) {
    if ((me & bit) == 0) continue;
    run.receive((me - bit + root) % ranks, 0, bytes);
    run.next_round();
    break;
  }
  for (bit /= 2; bit > 0; bit /= 2) {
    if (me + bit < ranks) run.send((me + bit + root) % ranks, 0, bytes);
  }
  run.next_round();
}

/// Binomial tree. A function that does not commute is applied in rank order, so its tree is rooted at rank 0.
std::uint64_t plan_reduce(collective_run& run, std::uint64_t bytes, int root, bool commutative) {
  const int ranks = run.size();
  const int top = commutative ? root : 0;
  const int me = (run.rank() - top + ranks) % ranks;
  std::uint64_t mine = 0;
  std::uint64_t theirs = bytes;
  for (int bit = 1; bit < ranks; bit *= 2) {
    if ((me & bit) != 0) {
      run.send((me - bit + top) % ranks, mine, bytes);
      run.next_round();
      break;
    }
    if (me + bit >= ranks) continue;
    run.receive((me + bit + top) % ranks, theirs, bytes);
    run.next_round();
    run.reduce(mine, theirs);
    std::swap(mine, theirs);
  }
  if (top == root) return mine;
  if (run.rank() == top) run.send(root, mine, bytes);
  if (run.rank() == root) run.receive(top, 0, bytes);
  run.next_round();
  return 0;
}

/// Reduction to rank 0, then broadcast.
std::uint64_t plan_allreduce(collective_run& run, std::uint64_t bytes) {
  const std::uint64_t result = plan_reduce(run, bytes, 0, false);
  if (run.rank() == 0 && result != 0) run.copy(result, 0, bytes);
  plan_bcast(run, bytes, 0);
  return 0;
}

/// Recursive doubling (MPICH's algorithm: Thakur, Rabenseifner, Gropp, "Optimization of collective communication
/// operations in MPICH", 2005). The buffer holds the sum of this rank's block, what comes, and the result.
std::uint64_t plan_scan(collective_run& run, std::uint64_t bytes, bool exclusive) {
  std::uint64_t block = 0;
  std::uint64_t coming = bytes;
  const std::uint64_t result = 2 * bytes;
  const std::uint64_t spare = 3 * bytes;
  bool has_result = !exclusive;
  if (has_result) run.copy(block, result, bytes);
  for (int bit = 1; bit < run.size(); bit *= 2) {
    const int peer = run.rank() ^ bit;
    if (peer >= run.size()) continue;
    run.copy(block, spare, bytes);
    run.send(peer, spare, bytes);
    run.receive(peer, coming, bytes);
    run.next_round();
    if (run.rank() > peer) {
      if (has_result) {
        run.reduce(coming, result);
      } else {
        run.copy(coming, result, bytes);
      }
      has_result = true;
      run.reduce(coming, block);
    } else {
      run.reduce(block, coming);
      std::swap(block, coming);
    }
  }
  return result;
}

/// Bruck's algorithm (Bruck, Ho, Kipnis, Upfal, Weathersby, "Efficient algorithms for all-to-all communications in
/// multiport message-passing systems", 1997): in round k a rank has 2^k parts and gets as many more.
std::vector<std::uint64_t> plan_allgather(collective_run& run, const std::vector<std::uint64_t>& lengths) {
  const int ranks = run.size();
  std::vector<std::uint64_t> start(static_cast<std::size_t>(ranks) + 1);  // by distance from this rank
  std::vector<std::uint64_t> places(static_cast<std::size_t>(ranks));     // by rank
  for (int i = 0; i < ranks; ++i) {
    const auto r = static_cast<std::size_t>((run.rank() + i) % ranks);
    const auto at = static_cast<std::size_t>(i);
    places[r] = start[at];
    start[at + 1] = start[at] + lengths[r];
  }
  for (int have = 1; have < ranks;) {
    const int more = std::min(have, ranks - have);
    const auto first = static_cast<std::size_t>(have);
    const auto end = static_cast<std::size_t>(have + more);
    run.send((run.rank() - have + ranks) % ranks, 0, start[static_cast<std::size_t>(more)]);
    run.receive((run.rank() + have) % ranks, start[first], start[end] - start[first]);
    run.next_round();
    have += more;
  }
  return places;
}

/// Every pair exchanges directly, some at a time.
void plan_alltoall(collective_run& run, const std::vector<part>& out, const std::vector<part>& in) {
  const int ranks = run.size();
  for (int i = 0; i < ranks; ++i) {
    const auto to = static_cast<std::size_t>((run.rank() + i) % ranks);
    const auto from = static_cast<std::size_t>((run.rank() - i + ranks) % ranks);
    run.send(static_cast<int>(to), out[to].offset, out[to].bytes);
    run.receive(static_cast<int>(from), in[from].offset, in[from].bytes);
    if (i % exchanges_in_flight == exchanges_in_flight - 1) run.next_round();
  }
  run.next_round();
}

}  // namespace weft::sim
