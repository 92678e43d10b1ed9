// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/collective_bodies.hpp>

namespace weft::detail {

op_number start_reduction(reduce_form form, transport& t, comm_id comm, region memory, const op& how, int root,
                          void* token, completion& now) {
  switch (form) {
    case reduce_form::reduce:
      if (t.rank(comm) == root)
        return t.ireduce(comm, nullptr, memory.data, memory.count, *memory.type, how, root, token, now);
      return t.ireduce(comm, memory.data, nullptr, memory.count, *memory.type, how, root, token, now);
    case reduce_form::allreduce:
      return t.iallreduce(comm, nullptr, memory.data, memory.count, *memory.type, how, token, now);
    case reduce_form::scan:
    case reduce_form::exscan:
      break;
  }
  return t.iscan(comm, nullptr, memory.data, memory.count, *memory.type, how, form == reduce_form::exscan, token, now);
}

gather_variable::gather_variable(std::size_t item_bytes, const datatype& of, int to, int rank, int size)
    : all(item_bytes), type(of), root(to) {
  if (root < 0 || rank == root) all.counts.resize(static_cast<std::size_t>(size));
}

op_number gather_variable::start(int phase, const void* mine, transport& t, comm_id comm, void* token,
                                 completion& now) {
  if (phase == 0) {
    if (root < 0) return t.iallgather(comm, &my_count, 1, all.counts.data(), {}, {}, datatype_of<int>, token, now);
    return t.igather(comm, &my_count, 1, all.counts.data(), {}, {}, datatype_of<int>, root, token, now);
  }
  all.make_room();
  const auto count = static_cast<std::uint64_t>(my_count);
  if (root < 0) return t.iallgather(comm, mine, count, all.data.data(), all.counts, all.places, type, token, now);
  return t.igather(comm, mine, count, all.data.data(), all.counts, all.places, type, root, token, now);
}

op_number scatter_variable::start(int phase, std::size_t item_bytes, transport& t, comm_id comm, void* token,
                                  completion& now) {
  if (phase == 0) return t.iscatter(comm, all.counts.data(), {}, {}, &my_count, 1, datatype_of<int>, root, token, now);
  mine.resize(static_cast<std::size_t>(my_count) * item_bytes);
  return t.iscatter(comm, all.data.data(), all.counts, all.places, mine.data(), static_cast<std::uint64_t>(my_count),
                    type, root, token, now);
}

op_number alltoall_variable::start(int phase, transport& t, comm_id comm, void* token, completion& now) {
  if (phase == 0) {
    return t.ialltoall(comm, in.counts.data(), 1, {}, {}, out.counts.data(), {}, {}, datatype_of<int>, token, now);
  }
  out.make_room();
  return t.ialltoall(comm, in.data.data(), 0, in.counts, in.places, out.data.data(), out.counts, out.places, type,
                     token, now);
}

}  // namespace weft::detail
