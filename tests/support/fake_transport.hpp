// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fake_endpoint.hpp"

namespace weft::testing {

/// Thrown by `transport::abort` of the fake world.
struct fake_abort {
  int rank;
  int code;
};

namespace detail {

/// One rank's transport over a cluster in memory. A synchronous send completes when its message is received, not when a
/// matched probe takes it out. A collective completes on every rank when the last one has entered.
class fake_transport final : public transport {
 public:
  explicit fake_transport(endpoint& self);
  ~fake_transport() override;
  fake_transport(const fake_transport&) = delete;
  fake_transport& operator=(const fake_transport&) = delete;

  int rank(comm_id comm) const override { return self_.comm(comm).rank; }
  int size(comm_id comm) const override { return self_.comm(comm).members->size; }
  node_map node() const override;
  bool same_node(int rank) const override;
  int node_peer(int node_rank) const override;
  const transport_limits& limits() const noexcept override { return self_.cluster.limits; }
  std::string describe() const override { return "fake world: all ranks in one thread"; }

  op_number isend(const envelope& to, const void* data, std::uint64_t count, const datatype& type, send_mode mode, void* token,
                  completion& now) override;
  op_number irecv(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                  completion& now) override;
  bool improbe(const envelope& from, matched_message& found) override;
  bool iprobe(const envelope& from, matched_message& found) override;
  op_number imrecv(const matched_message& message, void* data, std::uint64_t count, const datatype& type, void* token,
                   completion& now) override;
  bool cancel_recv(op_number number, completion& now) override;

  persistent_id send_init(const envelope& to, const void* data, std::uint64_t count, const datatype& type,
                          send_mode mode) override;
  persistent_id recv_init(const envelope& from, void* data, std::uint64_t count, const datatype& type) override;
  op_number start(persistent_id id, noticed_by who, void* token, completion& now) override;
  void free_persistent(persistent_id id) override;

  op_number ibarrier(comm_id comm, void* token, completion& now) override;
  op_number ibcast(comm_id comm, void* data, std::uint64_t count, const datatype& type, int root, void* token,
                   completion& now) override;
  op_number ireduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                    const op& operation, int root, void* token, completion& now) override;
  op_number iallreduce(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                       const op& operation, void* token, completion& now) override;
  op_number iscan(comm_id comm, const void* in, void* out, std::uint64_t count, const datatype& type,
                  const op& operation, bool exclusive, void* token, completion& now) override;
  op_number igather(comm_id comm, const void* in, std::uint64_t count, void* out, std::span<const int> counts,
                    std::span<const int> displs, const datatype& type, int root, void* token, completion& now) override;
  op_number iallgather(comm_id comm, const void* in, std::uint64_t count, void* out, std::span<const int> counts,
                       std::span<const int> displs, const datatype& type, void* token, completion& now) override;
  op_number iscatter(comm_id comm, const void* in, std::span<const int> counts, std::span<const int> displs, void* out,
                     std::uint64_t count, const datatype& type, int root, void* token, completion& now) override;
  op_number ialltoall(comm_id comm, const void* in, std::uint64_t count, std::span<const int> in_counts,
                      std::span<const int> in_displs, void* out, std::span<const int> out_counts,
                      std::span<const int> out_displs, const datatype& type, void* token, completion& now) override;
  op_number split(comm_id comm, int color, int key, void* token, completion& now) override;
  op_number dup(comm_id comm, void* token, completion& now) override;
  void free_comm(comm_id comm) override;

  std::size_t poll(std::span<completion> out, bool patient) override;
  bool test(op_number number, completion& now) override;
  bool test_briefly(op_number number, completion& now) override { return test(number, now); }

  time_point now() override { return self_.cluster.now; }
  void idle(time_point deadline, std::uint64_t empty_turns, int wake_fd) override;
  [[noreturn]] void abort(int code) override;

  window& windows() override;
  launcher& launch() override;
  liveness& peers() override;

 private:
  void check(envelope where, bool wildcards) const;
  std::uint32_t send(const envelope& to, const void* data, std::uint64_t count, const datatype& type, send_mode mode,
                     void* token, noticed_by who, std::uint32_t persistent);
  std::uint32_t post(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token, noticed_by who,
                     std::uint32_t persistent);
  op_number started(std::uint32_t number, completion& now);
  int ranks_per_node() const;

  endpoint& self_;
};

}  // namespace detail
}  // namespace weft::testing
