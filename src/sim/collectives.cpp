// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <memory>
#include <numeric>

#include <weft/core/error.hpp>
#include <weft/sim/collective_run.hpp>
#include <weft/sim/layout.hpp>
#include <weft/sim/sim_transport.hpp>

namespace weft::sim {

namespace {

const std::byte* at(const void* base, std::int64_t items, const datatype& type) {
  return static_cast<const std::byte*>(base) + items * static_cast<std::int64_t>(type.extent);
}
std::byte* at(void* base, std::int64_t items, const datatype& type) {
  return static_cast<std::byte*>(base) + items * static_cast<std::int64_t>(type.extent);
}

/// Rank r's items in a buffer that holds some for every rank.
struct items {
  std::span<const int> counts, displs;
  std::uint64_t each = 0;
  std::uint64_t count(std::size_t r) const { return counts.empty() ? each : static_cast<std::uint64_t>(counts[r]); }
  std::int64_t first(std::size_t r) const {
    return counts.empty() ? static_cast<std::int64_t>(r * each) : static_cast<std::int64_t>(displs[r]);
  }
};

void get(const collective_run& run, std::uint64_t offset, std::uint64_t bytes, void* to, const datatype& type) {
  unpack(std::span<const std::byte>(const_cast<collective_run&>(run).buffer()).subspan(offset, bytes), to, type);
}

/// Where each rank's items stand, packed one after the other, and where they end.
std::vector<part> packed_parts(const items& of, std::size_t ranks, const datatype& type) {
  std::vector<part> parts(ranks);
  std::uint64_t end = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    parts[r] = {end, packed_bytes(of.count(r), type)};
    end += parts[r].bytes;
  }
  return parts;
}

std::uint64_t end_of(const std::vector<part>& parts) {
  return parts.empty() ? 0 : parts.back().offset + parts.back().bytes;
}

void pack_parts(collective_run& run, const std::vector<part>& parts, std::uint64_t base, const items& of,
                const void* in, const datatype& type) {
  for (std::size_t r = 0; r < parts.size(); ++r) {
    pack(at(in, of.first(r), type), of.count(r), type, run.buffer().data() + base + parts[r].offset);
  }
}

void unpack_parts(const collective_run& run, const std::vector<part>& parts, std::uint64_t base, const items& of,
                  void* out, const datatype& type) {
  for (std::size_t r = 0; r < parts.size(); ++r) {
    get(run, base + parts[r].offset, parts[r].bytes, at(out, of.first(r), type), type);
  }
}

/// All members have said what they want: makes the new communicators.
void make_groups(group& of, std::vector<membership> all) {
  std::stable_sort(all.begin(), all.end(), [](const membership& a, const membership& b) {
    return a.color != b.color ? a.color < b.color : a.key < b.key;
  });
  for (std::size_t first = 0; first < all.size();) {
    std::size_t end = first;
    while (end < all.size() && all[end].color == all[first].color) ++end;
    auto made = std::make_shared<group>();
    made->of = of.of;
    made->size = static_cast<int>(end - first);
    auto members = std::make_shared<std::vector<int>>();
    for (std::size_t i = first; i < end; ++i) members->push_back(all[i].who->rank);
    made->members = std::move(members);
    for (std::size_t i = first; i < end; ++i) {
      completion& result = all[i].who->operations[all[i].operation].result;
      result.bytes = all[i].color < 0 ? transport::no_comm : all[i].who->add_comm(made, static_cast<int>(i - first));
    }
    first = end;
  }
}

void copy_group(group& of, const std::vector<membership>& all) {
  auto made = std::make_shared<group>();
  made->of = of.of;
  made->size = of.size;
  made->members = of.members;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].who->operations[all[i].operation].result.bytes = all[i].who->add_comm(made, static_cast<int>(i));
  }
}

}  // namespace

template <class Plan>
op_number sim_transport::collective(comm_id comm, void* token, completion& now, const char* name, Plan&& plan) {
  on_.look(self_, on_.options().network.overhead, name);
  self_.comm(comm);
  const std::uint32_t number = self_.add_operation(token, noticed_by::poll);
  auto made = std::make_unique<collective_run>(self_, comm, number);
  collective_run& run = *made;
  on_.trace(self_, traced::collective, -1, static_cast<int>(comm), 0, 0);
  self_.collectives.push_back(std::move(made));
  plan(run, number);
  run.start();
  return started(number, now);
}

op_number sim_transport::ibarrier(comm_id comm, void* token, completion& now) {
  return collective(comm, token, now, "ibarrier", [](collective_run& run, std::uint32_t) { plan_barrier(run); });
}

op_number sim_transport::ibcast(comm_id comm, void* data, std::uint64_t count, const datatype& type, int root,
                                void* token, completion& now) {
  return collective(comm, token, now, "ibcast", [&](collective_run& run, std::uint32_t) {
    const std::uint64_t bytes = packed_bytes(count, type);
    run.buffer().resize(bytes);
    if (run.rank() == root) pack(data, count, type, run.buffer().data());
    plan_bcast(run, bytes, root);
    if (run.rank() == root) return;
    run.at_end([=](collective_run& done, completion&) { get(done, 0, bytes, data, type); });
  });
}

op_number sim_transport::ireduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                                 const op& operation, int root, void* token, completion& now) {
  return collective(comm, token, now, "ireduce", [&](collective_run& run, std::uint32_t) {
    const std::uint64_t bytes = packed_bytes(count, type);
    run.buffer().resize(2 * bytes);
    pack(in != nullptr ? in : out, count, type, run.buffer().data());
    run.reduces_by(operation, count, type);
    const std::uint64_t result = plan_reduce(run, bytes, root, operation.commutative);
    if (run.rank() != root) return;
    run.at_end([=](collective_run& done, completion&) { get(done, result, bytes, out, type); });
  });
}

op_number sim_transport::iallreduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                                    const op& operation, void* token, completion& now) {
  return collective(comm, token, now, "iallreduce", [&](collective_run& run, std::uint32_t) {
    const std::uint64_t bytes = packed_bytes(count, type);
    run.buffer().resize(2 * bytes);
    pack(in != nullptr ? in : out, count, type, run.buffer().data());
    run.reduces_by(operation, count, type);
    const std::uint64_t result = plan_allreduce(run, bytes);
    run.at_end([=](collective_run& done, completion&) { get(done, result, bytes, out, type); });
  });
}

op_number sim_transport::iscan(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                               const op& operation, bool exclusive, void* token, completion& now) {
  return collective(comm, token, now, "iscan", [&](collective_run& run, std::uint32_t) {
    const std::uint64_t bytes = packed_bytes(count, type);
    run.buffer().resize(4 * bytes);
    pack(in != nullptr ? in : out, count, type, run.buffer().data());
    run.reduces_by(operation, count, type);
    const std::uint64_t result = plan_scan(run, bytes, exclusive);
    if (exclusive && run.rank() == 0) return;
    run.at_end([=](collective_run& done, completion&) { get(done, result, bytes, out, type); });
  });
}

op_number sim_transport::igather(comm_id comm, const void* in, std::uint64_t count, void* out,
                                 std::span<const int> counts, std::span<const int> displs, const datatype& type,
                                 int root, void* token, completion& now) {
  return collective(comm, token, now, "igather", [&](collective_run& run, std::uint32_t) {
    const std::uint64_t bytes = packed_bytes(count, type);
    if (run.rank() != root) {
      run.buffer().resize(bytes);
      pack(in, count, type, run.buffer().data());
      run.send(root, 0, bytes);
      run.next_round();
      return;
    }
    const items all{counts, displs, count};
    const std::vector<part> parts = packed_parts(all, static_cast<std::size_t>(run.size()), type);
    run.buffer().resize(end_of(parts));
    pack(in, count, type, run.buffer().data() + parts[static_cast<std::size_t>(root)].offset);
    for (int r = 0; r < run.size(); ++r) {
      const part& from = parts[static_cast<std::size_t>(r)];
      if (r != root) run.receive(r, from.offset, from.bytes);
    }
    run.next_round();
    run.at_end([=](collective_run& done, completion&) { unpack_parts(done, parts, 0, all, out, type); });
  });
}

op_number sim_transport::iallgather(comm_id comm, const void* in, std::uint64_t count, void* out,
                                    std::span<const int> counts, std::span<const int> displs, const datatype& type,
                                    void* token, completion& now) {
  return collective(comm, token, now, "iallgather", [&](collective_run& run, std::uint32_t) {
    const items all{counts, displs, count};
    std::vector<std::uint64_t> lengths(static_cast<std::size_t>(run.size()));
    for (std::size_t r = 0; r < lengths.size(); ++r) lengths[r] = packed_bytes(all.count(r), type);
    run.buffer().resize(std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0}));
    pack(in, count, type, run.buffer().data());
    std::vector<std::uint64_t> places = plan_allgather(run, lengths);
    run.at_end([=](collective_run& done, completion&) {
      for (std::size_t r = 0; r < places.size(); ++r)
        get(done, places[r], lengths[r], at(out, all.first(r), type), type);
    });
  });
}

op_number sim_transport::iscatter(comm_id comm, const void* in, std::span<const int> counts,
                                  std::span<const int> displs, void* out, std::uint64_t count, const datatype& type,
                                  int root, void* token, completion& now) {
  return collective(comm, token, now, "iscatter", [&](collective_run& run, std::uint32_t) {
    const std::uint64_t bytes = packed_bytes(count, type);
    std::uint64_t mine = 0;
    if (run.rank() == root) {
      const items all{counts, displs, count};
      const std::vector<part> parts = packed_parts(all, static_cast<std::size_t>(run.size()), type);
      run.buffer().resize(end_of(parts));
      pack_parts(run, parts, 0, all, in, type);
      mine = parts[static_cast<std::size_t>(root)].offset;
      for (int r = 0; r < run.size(); ++r) {
        const part& to = parts[static_cast<std::size_t>(r)];
        if (r != root) run.send(r, to.offset, to.bytes);
      }
    } else {
      run.buffer().resize(bytes);
      run.receive(root, 0, bytes);
    }
    run.next_round();
    run.at_end([=](collective_run& done, completion&) { get(done, mine, bytes, out, type); });
  });
}

op_number sim_transport::ialltoall(comm_id comm, const void* in, std::uint64_t count, std::span<const int> in_counts,
                                   std::span<const int> in_displs, void* out, std::span<const int> out_counts,
                                   std::span<const int> out_displs, const datatype& type, void* token,
                                   completion& now) {
  return collective(comm, token, now, "ialltoall", [&](collective_run& run, std::uint32_t) {
    const auto ranks = static_cast<std::size_t>(run.size());
    const items from{in_counts, in_displs, count};
    const items to{out_counts, out_displs, count};
    const std::vector<part> leaving = packed_parts(from, ranks, type);
    std::vector<part> coming = packed_parts(to, ranks, type);
    const std::uint64_t base = end_of(leaving);
    run.buffer().resize(base + end_of(coming));
    pack_parts(run, leaving, 0, from, in, type);
    for (part& one : coming) one.offset += base;
    plan_alltoall(run, leaving, coming);
    run.at_end([=](collective_run& done, completion&) { unpack_parts(done, coming, 0, to, out, type); });
  });
}

op_number sim_transport::split(comm_id comm, int color, int key, void* token, completion& now) {
  return collective(comm, token, now, "split", [&](collective_run& run, std::uint32_t number) {
    comm_state& state = self_.comm(comm);
    group& of = *state.members;
    auto& all = of.splits[state.calls];
    all.resize(static_cast<std::size_t>(of.size));
    all[static_cast<std::size_t>(run.rank())] = {color, key, &self_, number};
    if (++of.entered[state.calls] == of.size) {
      make_groups(of, std::move(all));
      of.splits.erase(state.calls);
      of.entered.erase(state.calls);
    }
    plan_barrier(run);
  });
}

op_number sim_transport::dup(comm_id comm, void* token, completion& now) {
  return collective(comm, token, now, "dup", [&](collective_run& run, std::uint32_t number) {
    comm_state& state = self_.comm(comm);
    group& of = *state.members;
    auto& all = of.splits[state.calls];
    all.resize(static_cast<std::size_t>(of.size));
    all[static_cast<std::size_t>(run.rank())] = {0, 0, &self_, number};
    if (++of.entered[state.calls] == of.size) {
      copy_group(of, all);
      of.splits.erase(state.calls);
      of.entered.erase(state.calls);
    }
    plan_barrier(run);
  });
}

void sim_transport::free_comm(comm_id comm) {
  comm_state& freed = self_.comm(comm);
  for (matching* queue : {&freed.messages, &freed.collectives}) {
    while (message* m = queue->unexpected.first) {
      queue->unexpected.remove(m);
      on_.free_message(m);
    }
  }
  self_.comms[static_cast<std::size_t>(comm)].reset();
}

}  // namespace weft::sim
