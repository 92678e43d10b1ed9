// SPDX-License-Identifier: BSL-1.0
#include "harness.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "allocations.hpp"

namespace weft::bench {

namespace {

long preemptions() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

constexpr int most_reruns = 5;  // of a repetition that was disturbed: a busy machine must not hold us for ever

}  // namespace

void raw_ping_pong(MPI_Comm comm, int count) {
  constexpr int tag = 1;
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  std::int64_t value = 0;
  for (int i = 0; i < count; ++i) {
    if (rank == 0) MPI_Send(&value, 1, MPI_INT64_T, 1, tag, comm);
    MPI_Recv(&value, 1, MPI_INT64_T, 1 - rank, tag, comm, MPI_STATUS_IGNORE);
    if (rank == 1) MPI_Send(&value, 1, MPI_INT64_T, 0, tag, comm);
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

runner::runner(MPI_Comm comm, std::string only, bool quick) : only_(std::move(only)), quick_(quick) {
  MPI_Comm_dup(comm, &comm_);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
  if (rank_ == 0) {
    std::cout << fmt::format("{:<20} {:<12} {:>12} {:>12} {:>7} {:>10}\n", "case", "peer", "ours ns", "peer ns", "ratio",
                             "our allocs");
  }
}

runner::~runner() { MPI_Comm_free(&comm_); }

runner::sample runner::measure(const work& what, int count) {
  MPI_Barrier(comm_);
  const long before = preemptions();
  const std::size_t allocations = allocation_count();
  const double start = MPI_Wtime();
  what(count);
  const double seconds = MPI_Wtime() - start;
  const std::size_t allocated = allocation_count() - allocations;
  long disturbed = preemptions() - before;
  MPI_Allreduce(MPI_IN_PLACE, &disturbed, 1, MPI_LONG, MPI_SUM, comm_);
  return {seconds, disturbed, allocated};
}

int runner::calibrate(const contest& what) {
  int count = 1;
  for (;;) {
    double slowest = measure(what.ours, count).seconds;
    for (const rival& peer : what.peers) slowest = std::max(slowest, measure(peer.run, count).seconds);
    MPI_Bcast(&slowest, 1, MPI_DOUBLE, 0, comm_);
    if (slowest >= what.target_seconds || count >= what.most_count) return count;
    count = std::min(what.most_count, slowest * 10 < what.target_seconds ? count * 8 : count * 2);
  }
}

void runner::run(const contest& what) {
  if (!wants(what.name)) return;
  const int count = calibrate(what);
  const std::size_t rivals = what.peers.size() + 1;
  std::vector<std::vector<double>> ns(rivals), ratios(rivals);
  std::size_t allocations = 0;
  for (int repetition = 0; repetition < repetitions(what.repetitions); ++repetition) {
    std::vector<double> seconds(rivals);
    for (int attempt = 0; attempt <= most_reruns; ++attempt) {
      long disturbed = 0;
      for (std::size_t turn = 0; turn < rivals; ++turn) {
        const std::size_t at = (turn + static_cast<std::size_t>(repetition)) % rivals;
        const sample s = measure(at == 0 ? what.ours : what.peers[at - 1].run, count);
        seconds[at] = s.seconds;
        disturbed += s.preemptions;
        if (at == 0) allocations = s.allocations;
      }
      if (disturbed == 0) break;
    }
    const double operations = static_cast<double>(count) * what.operations;
    for (std::size_t at = 0; at < rivals; ++at) {
      ns[at].push_back(seconds[at] / operations * 1e9);
      ratios[at].push_back(seconds[0] / seconds[at]);
    }
  }
  for (std::size_t at = 1; at < rivals; ++at) {
    const row r{what.name,
                what.peers[at - 1].name,
                median(ns[0]),
                median(ns[at]),
                median(ratios[at]),
                static_cast<double>(allocations) / (static_cast<double>(count) * what.operations)};
    add(r);
  }
}

void runner::add(const row& r) {
  rows_.push_back(r);
  print(r);
}

void runner::print(const row& r) const {
  if (rank_ != 0) return;
  std::cout << fmt::format("{:<20} {:<12} {:>12.1f} {:>12.1f} {:>7.3f} {:>10.3f}\n", r.name, r.peer, r.ours_ns, r.peer_ns,
                           r.ratio, r.ours_allocations)
            << std::flush;
}

nlohmann::json runner::json() const {
  auto rows = nlohmann::json::array();
  for (const row& r : rows_) {
    rows.push_back({{"case", r.name},
                    {"peer", r.peer},
                    {"ours_ns", r.ours_ns},
                    {"peer_ns", r.peer_ns},
                    {"ratio", r.ratio},
                    {"ours_allocations", r.ours_allocations}});
  }
  nlohmann::json all = notes_;
  all["rows"] = rows;
  return all;
}

}  // namespace weft::bench
