// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include <weft/core/error.hpp>

#include "fake_transport.hpp"

namespace weft::testing::detail {
namespace {

contribution data_of(const void* in, void* out, std::uint64_t count, const datatype& type) {
  contribution c;
  c.in = in;
  c.out = out;
  c.count = count;
  c.type = type;
  return c;
}

}  // namespace

op_number fake_transport::ibarrier(comm_id comm, void* token, completion& now) {
  const auto number = enter(self_, comm, collective_kind::barrier, 0, {}, {}, token);
  return started(number, now);
}

op_number fake_transport::ibcast(comm_id comm, void* data, std::uint64_t count, const datatype& type, int root,
                                 void* token, completion& now) {
  const auto number = enter(self_, comm, collective_kind::bcast, root, {}, data_of(data, data, count, type), token);
  return started(number, now);
}

op_number fake_transport::ireduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                                  const op& operation, int root, void* token, completion& now) {
  const auto number =
      enter(self_, comm, collective_kind::reduce, root, operation, data_of(in, out, count, type), token);
  return started(number, now);
}

op_number fake_transport::iallreduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                                     const op& operation, void* token, completion& now) {
  const auto number =
      enter(self_, comm, collective_kind::allreduce, 0, operation, data_of(in, out, count, type), token);
  return started(number, now);
}

op_number fake_transport::iscan(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                                const op& operation, bool exclusive, void* token, completion& now) {
  const auto kind = exclusive ? collective_kind::exclusive_scan : collective_kind::scan;
  const auto number = enter(self_, comm, kind, 0, operation, data_of(in, out, count, type), token);
  return started(number, now);
}

op_number fake_transport::igather(comm_id comm, const void* in, std::uint64_t count, void* out,
                                  std::span<const int> counts, std::span<const int> displs, const datatype& type,
                                  int root, void* token, completion& now) {
  contribution c = data_of(in, out, count, type);
  c.out_counts = counts;
  c.out_displs = displs;
  const auto number = enter(self_, comm, collective_kind::gather, root, {}, c, token);
  return started(number, now);
}

op_number fake_transport::iallgather(comm_id comm, const void* in, std::uint64_t count, void* out,
                                     std::span<const int> counts, std::span<const int> displs, const datatype& type,
                                     void* token, completion& now) {
  contribution c = data_of(in, out, count, type);
  c.out_counts = counts;
  c.out_displs = displs;
  const auto number = enter(self_, comm, collective_kind::allgather, 0, {}, c, token);
  return started(number, now);
}

op_number fake_transport::iscatter(comm_id comm, const void* in, std::span<const int> counts,
                                   std::span<const int> displs, void* out, std::uint64_t count, const datatype& type,
                                   int root, void* token, completion& now) {
  contribution c = data_of(in, out, count, type);
  c.in_counts = counts;
  c.in_displs = displs;
  const auto number = enter(self_, comm, collective_kind::scatter, root, {}, c, token);
  return started(number, now);
}

op_number fake_transport::ialltoall(comm_id comm, const void* in, std::uint64_t count, std::span<const int> in_counts,
                                    std::span<const int> in_displs, void* out, std::span<const int> out_counts,
                                    std::span<const int> out_displs, const datatype& type, void* token,
                                    completion& now) {
  contribution c = data_of(in, out, count, type);
  c.in_counts = in_counts;
  c.in_displs = in_displs;
  c.out_counts = out_counts;
  c.out_displs = out_displs;
  const auto number = enter(self_, comm, collective_kind::alltoall, 0, {}, c, token);
  return started(number, now);
}

op_number fake_transport::split(comm_id comm, int color, int key, void* token, completion& now) {
  contribution c;
  c.color = color;
  c.key = key;
  const auto number = enter(self_, comm, collective_kind::split, 0, {}, c, token);
  return started(number, now);
}

op_number fake_transport::dup(comm_id comm, void* token, completion& now) {
  const auto number = enter(self_, comm, collective_kind::dup, 0, {}, {}, token);
  return started(number, now);
}

void fake_transport::free_comm(comm_id comm) {
  comm_state& state = self_.comm(comm);
  if (comm == world_comm) throw world_error("the world's communicator cannot be freed", 0);
  if (!state.posted.empty()) throw world_error("a communicator with a posted receive was freed", 0);
  self_.cluster.lost += state.unexpected.size();
  self_.comms.erase(static_cast<std::uint32_t>(comm));
}

}  // namespace weft::testing::detail
