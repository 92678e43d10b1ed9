// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/mpi_transport.hpp>

#include <algorithm>
#include <numeric>

#include "mpi/error.hpp"
#include "mpi/transport_state.hpp"

namespace weft::mpi {

namespace {

/// Without items a buffer's address may be null, which `MPI_IN_PLACE` or an argument check must not mistake.
const void* contribution(const void* in, int count) noexcept {
  static constexpr char nothing = 0;
  return in == nullptr && count == 0 ? &nothing : in;
}

const void* or_in_place(const void* in) noexcept { return in == nullptr ? MPI_IN_PLACE : in; }

}  // namespace

op_number mpi_transport::ibarrier(comm_id comm, void* token, completion& now) {
  MPI_Request request;
  check(MPI_Ibarrier(state_->comms.native(comm), &request), "MPI_Ibarrier");
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::ibcast(comm_id comm, void* data, std::uint64_t count, const datatype& type, int root,
                                void* token, completion& now) {
  const wire m = state_->types.message(count, type);
  MPI_Request request;
  check(MPI_Ibcast(data, m.count, m.type, root, state_->comms.native(comm), &request), "MPI_Ibcast");
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::ireduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                                 const op& operation, int root, void* token, completion& now) {
  const reduction_call r = state_->operations.call(count, type, operation);
  const bool at_root = state_->comms.rank(comm) == root;
  const void* source = at_root ? or_in_place(in) : contribution(in, r.count);
  MPI_Request request;
  check(MPI_Ireduce(source, out, r.count, r.type, r.operation, root, state_->comms.native(comm), &request),
        "MPI_Ireduce");
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::iallreduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                                    const op& operation, void* token, completion& now) {
  const reduction_call r = state_->operations.call(count, type, operation);
  MPI_Request request;
  check(MPI_Iallreduce(or_in_place(in), out, r.count, r.type, r.operation, state_->comms.native(comm), &request),
        "MPI_Iallreduce");
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::iscan(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                               const op& operation, bool exclusive, void* token, completion& now) {
  const reduction_call r = state_->operations.call(count, type, operation);
  const auto scan = exclusive ? MPI_Iexscan : MPI_Iscan;
  MPI_Request request;
  check(scan(or_in_place(in), out, r.count, r.type, r.operation, state_->comms.native(comm), &request),
        exclusive ? "MPI_Iexscan" : "MPI_Iscan");
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::igather(comm_id comm, const void* in, std::uint64_t count, void* out,
                                 std::span<const int> counts, std::span<const int> displs, const datatype& type,
                                 int root, void* token, completion& now) {
  const wire m = state_->types.message(count, type);
  const placement p = state_->comms.rank(comm) == root
                          ? state_->place(state_->comms.size(comm), counts, displs, count, type)
                          : placement{nullptr, nullptr, m.type};
  MPI_Request request;
  check(MPI_Igatherv(contribution(in, m.count), m.count, m.type, out, p.counts, p.displs, p.type, root,
                     state_->comms.native(comm), &request),
        "MPI_Igatherv");
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::iscatter(comm_id comm, const void* in, std::span<const int> counts,
                                  std::span<const int> displs, void* out, std::uint64_t count, const datatype& type,
                                  int root, void* token, completion& now) {
  const wire m = state_->types.message(count, type);
  const placement p = state_->comms.rank(comm) == root
                          ? state_->place(state_->comms.size(comm), counts, displs, count, type)
                          : placement{nullptr, nullptr, m.type};
  MPI_Request request;
  check(MPI_Iscatterv(in, p.counts, p.displs, p.type, out, m.count, m.type, root, state_->comms.native(comm), &request),
        "MPI_Iscatterv");
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::iallgather(comm_id comm, const void* in, std::uint64_t count, void* out,
                                    std::span<const int> counts, std::span<const int> displs, const datatype& type,
                                    void* token, completion& now) {
  const wire m = state_->types.message(count, type);
  const MPI_Comm c = state_->comms.native(comm);
  const void* source = contribution(in, m.count);
  MPI_Request request;
  if (counts.empty()) {
    check(MPI_Iallgather(source, m.count, m.type, out, m.count, m.type, c, &request), "MPI_Iallgather");
  } else {
    check(MPI_Iallgatherv(source, m.count, m.type, out, counts.data(), displs.data(), state_->types.item(type), c,
                          &request),
          "MPI_Iallgatherv");
  }
  return state_->pending_collective(request, token, now);
}

op_number mpi_transport::ialltoall(comm_id comm, const void* in, std::uint64_t count, std::span<const int> in_counts,
                                   std::span<const int> in_displs, void* out, std::span<const int> out_counts,
                                   std::span<const int> out_displs, const datatype& type, void* token,
                                   completion& now) {
  const MPI_Comm c = state_->comms.native(comm);
  MPI_Request request;
  if (in_counts.empty()) {
    const wire m = state_->types.message(count, type);
    check(MPI_Ialltoall(contribution(in, m.count), m.count, m.type, out, m.count, m.type, c, &request),
          "MPI_Ialltoall");
  } else {
    const MPI_Datatype item = state_->types.item(type);
    check(MPI_Ialltoallv(in, in_counts.data(), in_displs.data(), item, out, out_counts.data(), out_displs.data(), item,
                         c, &request),
          "MPI_Ialltoallv");
  }
  return state_->pending_collective(request, token, now);
}

placement mpi_transport::state::place(int ranks, std::span<const int> counts, std::span<const int> displs,
                                      std::uint64_t count, const datatype& type) {
  if (!counts.empty()) return {counts.data(), displs.data(), types.item(type)};
  const auto n = static_cast<std::size_t>(ranks);
  if (ones.empty() || ones.back().size() < n) {
    // Kept beside the shorter ones, which operations under way may still read; together they double at most.
    const std::size_t size = std::max(n, ones.empty() ? n : 2 * ones.back().size());
    ones.emplace_back(size, 1);
    auto& numbers = rank_numbers.emplace_back(size);
    std::iota(numbers.begin(), numbers.end(), 0);
  }
  return {ones.back().data(), rank_numbers.back().data(), types.block(count, type)};
}

}  // namespace weft::mpi
