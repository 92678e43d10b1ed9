// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/sim/engine.hpp>
#include <weft/world/transport.hpp>

namespace weft::sim {

/// One virtual rank's transport. A synchronous or long send completes after its message was matched and read.
class sim_transport final : public transport {
 public:
  /// One for each rank of a life.
  explicit sim_transport(endpoint& self);
  ~sim_transport() override;
  sim_transport(const sim_transport&) = delete;
  sim_transport& operator=(const sim_transport&) = delete;

  int rank(comm_id comm) const override { return self_.comm(comm).rank; }
  int size(comm_id comm) const override { return self_.comm(comm).members->size; }
  node_map node() const override;
  bool same_node(int rank) const override;
  int node_peer(int node_rank) const override;
  const transport_limits& limits() const noexcept override { return limits_; }
  std::string describe() const override;

  op_number isend(const envelope& to, const void* data, std::uint64_t count, const datatype& type, send_mode mode,
                  void* token, completion& now) override;
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

  time_point now() override;
  void idle(time_point deadline, std::uint64_t empty_turns, int wake_fd) override;
  void describe_wait(const wait_facts& facts) override { self_.waits = facts; }
  message_fate fate() override;
  void compute(duration length) override;
  [[noreturn]] void abort(int code) override;

  window& windows() override;
  launcher& launch() override;
  liveness& peers() override;

 private:
  void check(const envelope& where, bool wildcards) const;
  std::uint32_t send(const envelope& to, const void* data, std::uint64_t count, const datatype& type, send_mode mode,
                     void* token, noticed_by who, std::uint32_t persistent);
  std::uint32_t post(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                     noticed_by who, std::uint32_t persistent);
  /// The processor's time for the bytes of a short message; none for a long one.
  duration copy_time(std::uint64_t bytes) const noexcept;
  /// The completion of a finished operation, whose number is free again.
  void hand_out(std::uint32_t number, completion& now);
  op_number started(std::uint32_t number, completion& now);
  persistent_operation& persistent(persistent_id id);
  message* find_unexpected(const envelope& from);
  /// Enters a collective: `plan(run)` says what this rank does.
  template <class Plan>
  op_number collective(comm_id comm, void* token, completion& now, const char* name, Plan&& plan);
  int ranks_per_node() const { return self_.on.options().network.ranks_per_node; }

  endpoint& self_;
  engine& on_;
  transport_limits limits_;
};

}  // namespace weft::sim
