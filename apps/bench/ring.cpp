// SPDX-License-Identifier: BSL-1.0
#include "ring.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include <weft/async/async.hpp>
#include <weft/comm/communicator.hpp>

namespace weft::bench {

namespace {

constexpr int tag = 3;
constexpr int launches = 5;

task<> pass_token(communicator& world, int hops) {
  const int next = (world.rank() + 1) % world.size();
  const int previous = (world.rank() + world.size() - 1) % world.size();
  double token = 0;
  for (int round = 0; round < hops / world.size(); ++round) {
    if (world.rank() == 0) co_await world.isend(next, tag, token);
    token = co_await world.irecv<double>(previous, tag);
    if (world.rank() != 0) co_await world.isend(next, tag, token + 1);
  }
}

/// Runs one launch and reads the figure that it prints.
double launch(const std::string& program, const std::string& kind, int yield, int hops) {
  const std::string command = fmt::format(
      "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle={} "
      "mpirun -q --oversubscribe --bind-to none --mca mpi_yield_when_idle {} -n 4 '{}' ring-rank --kind {} --hops {}",
      yield, yield, program, kind, hops);
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "r"), pclose);
  double ns = 0;
  if (!output || std::fscanf(output.get(), "%lf", &ns) != 1) throw error("this launch printed no figure: " + command);
  return ns;
}

}  // namespace

double ring_ours(context& ctx, int hops) {
  ctx.world().barrier();
  const double start = MPI_Wtime();
  ctx.run(pass_token(ctx.world(), hops));
  return (MPI_Wtime() - start) / hops * 1e9;
}

double ring_raw(MPI_Comm comm, int hops) {
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const int next = (rank + 1) % size;
  const int previous = (rank + size - 1) % size;
  double token = 0;
  MPI_Barrier(comm);
  const double start = MPI_Wtime();
  for (int round = 0; round < hops / size; ++round) {
    if (rank == 0) MPI_Send(&token, 1, MPI_DOUBLE, next, tag, comm);
    MPI_Recv(&token, 1, MPI_DOUBLE, previous, tag, comm, MPI_STATUS_IGNORE);
    token += 1;
    if (rank != 0) MPI_Send(&token, 1, MPI_DOUBLE, next, tag, comm);
  }
  return (MPI_Wtime() - start) / hops * 1e9;
}

std::vector<row> ring4(const std::string& program) {
  std::vector<double> ours, raw, raw_yield, over_raw, over_yield;
  for (int i = 0; i < launches; ++i) {
    ours.push_back(launch(program, "ours", 0, 40000));
    raw.push_back(launch(program, "raw", 0, 400));
    raw_yield.push_back(launch(program, "raw", 1, 40000));
    over_raw.push_back(ours.back() / raw.back());
    over_yield.push_back(ours.back() / raw_yield.back());
  }
  return {{"ring4", "raw", median(ours), median(raw), median(over_raw), 0},
          {"ring4", "raw_yield", median(ours), median(raw_yield), median(over_yield), 0}};
}

}  // namespace weft::bench
