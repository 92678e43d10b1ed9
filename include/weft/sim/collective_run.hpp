// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <weft/sim/endpoint.hpp>

namespace weft::sim {

/// One rank's part of a collective, as a list of steps over a buffer of packed items (the way of LibNBC: Hoefler,
/// Lumsdaine, Rehm, "Implementation and performance analysis of non-blocking collective operations for MPI", SC 2007).
/// Each round's messages are started together; the next round begins when they are done. It goes on by itself, as with
/// a network that has progress of its own.
class collective_run {
 public:
  collective_run(endpoint& self, comm_id comm, std::uint32_t operation);
  collective_run(const collective_run&) = delete;
  collective_run& operator=(const collective_run&) = delete;

  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }
  std::vector<std::byte>& buffer() noexcept { return buffer_; }

  // --- the plan: offsets and lengths in the buffer, in bytes
  // ------------------------------------------------------------
  void send(int peer, std::uint64_t offset, std::uint64_t bytes) {
    steps_.push_back({kind::send, peer, offset, 0, bytes});
  }
  void receive(int peer, std::uint64_t offset, std::uint64_t bytes) {
    steps_.push_back({kind::receive, peer, offset, 0, bytes});
  }
  /// `inout = operation(in, inout)`; `in` comes from the lower ranks.
  void reduce(std::uint64_t in, std::uint64_t inout) { steps_.push_back({kind::reduce, 0, in, inout, 0}); }
  void copy(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
    steps_.push_back({kind::copy, 0, from, to, bytes});
  }
  void next_round() { steps_.push_back({kind::round, 0, 0, 0, 0}); }
  void reduces_by(const op& operation, std::uint64_t count, const datatype& type) {
    operation_ = operation;
    count_ = count;
    type_ = type;
  }
  /// What happens when all is done: the result goes to the user's memory.
  void at_end(std::function<void(collective_run&, completion&)> finish) { finish_ = std::move(finish); }

  /// Begins, called by the rank itself.
  void start() { advance(); }
  /// One message of this round is done.
  void step_done();

 private:
  enum class kind : std::uint8_t { send, receive, reduce, copy, round };
  struct step {
    kind what;
    int peer;
    std::uint64_t first, second, bytes;
  };
  void advance();
  void take(const step& s);
  void finish();

  endpoint& self_;
  comm_id comm_;
  std::uint32_t number_;
  int rank_;
  int size_;
  int call_;
  std::vector<std::byte> buffer_;
  std::vector<step> steps_;
  std::size_t at_ = 0;
  int open_ = 0;
  bool is_advancing_ = false;
  bool is_wrong_ = false;
  op operation_;
  std::uint64_t count_ = 0;
  datatype type_;
  std::function<void(collective_run&, completion&)> finish_;
};

// The plans (collective_plans.cpp). `bytes` is one rank's contribution.
void plan_barrier(collective_run& run);
void plan_bcast(collective_run& run, std::uint64_t bytes, int root);
/// The contribution stands at 0; returns where the result stands at `root`. Uses `2 * bytes` of the buffer.
std::uint64_t plan_reduce(collective_run& run, std::uint64_t bytes, int root, bool commutative);
std::uint64_t plan_allreduce(collective_run& run, std::uint64_t bytes);
/// The contribution stands at 0; returns where the result stands. Uses `4 * bytes` of the buffer.
std::uint64_t plan_scan(collective_run& run, std::uint64_t bytes, bool exclusive);
/// Rank r's part is `lengths[r]` long. Returns where each rank's part will stand; this rank's own must stand there
/// before.
std::vector<std::uint64_t> plan_allgather(collective_run& run, const std::vector<std::uint64_t>& lengths);
/// To and from each rank: where it stands and how long it is.
struct part {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
void plan_alltoall(collective_run& run, const std::vector<part>& out, const std::vector<part>& in);

}  // namespace weft::sim
