// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <weft/world/transport.hpp>

namespace weft::mpi {

/// What the transport does with the communicator that it is given.
enum class ownership : std::uint8_t {
  duplicate,  ///< works on a duplicate of its own, with `MPI_ERRORS_RETURN`; the parent stays as it is
  attach,     ///< works on the communicator itself and leaves its error handler alone (with `MPI_ERRORS_ARE_FATAL`,
              ///< MPI ends the job where a duplicate would report `truncated` or `failed`)
};

/// How `idle` waits. Zero `spin_turns` chooses by the processors: 20,000 turns where every rank of the node has one of
/// its own, 32 where ranks outnumber them.
struct idle_policy {
  std::uint64_t spin_turns = 0;
  bool yields = true;  ///< gives the processor away for a millisecond before it sleeps
  duration max_sleep = std::chrono::microseconds(200);
};

/// The real transport: MPI 3.1, called by one thread (`MPI_THREAD_FUNNELED` is enough).
///
/// Constructing one is collective over `parent`, and so is destroying it. A destroyed transport frees every MPI handle
/// that it made, unless MPI is already finalized. Errors of MPI come out as `world_error` with MPI's own text.
///
/// Point-to-point operations of one pending receive cost the MPI calls themselves: no allocation, no look-up. See
/// `src/mpi/request_table.hpp` for how many pending operations are polled.
class mpi_transport final : public transport {
 public:
  explicit mpi_transport(MPI_Comm parent, ownership how = ownership::duplicate, idle_policy idle = {});
  ~mpi_transport() override;
  mpi_transport(const mpi_transport&) = delete;
  mpi_transport& operator=(const mpi_transport&) = delete;

  /// MPI's handle of a communicator, for calls that weft does not offer. Stays the transport's.
  MPI_Comm native(comm_id comm) const;
  /// Makes a communicator known. Collective over it. `owned`: `free_comm` and the destructor free it.
  comm_id adopt(MPI_Comm comm, bool owned);

  int rank(comm_id comm) const override;
  int size(comm_id comm) const override;
  node_map node() const override;
  bool same_node(int rank) const override;
  int node_peer(int node_rank) const override;
  const transport_limits& limits() const noexcept override;
  std::string describe() const override;

  op_number isend(const envelope& to, const void* data, std::uint64_t count, const datatype& type, send_mode mode, void* token,
                  completion& now) override;
  op_number irecv(const envelope& from, void* data, std::uint64_t count, const datatype& type, void* token,
                  completion& now) override;
  bool improbe(const envelope& from, matched_message& found) override;
  bool iprobe(const envelope& from, matched_message& found) override;
  op_number imrecv(const matched_message& message, void* data, std::uint64_t count, const datatype& type, void* token,
                   completion& now) override;
  /// MPI cannot stop a transfer that is under way: a receive that has matched a large message is waited for.
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
  bool test_briefly(op_number number, completion& now) override;

  time_point now() override;
  void idle(time_point deadline, std::uint64_t empty_turns, int wake_fd) override;
  [[noreturn]] void abort(int code) override;

  window& windows() override;
  launcher& launch() override;
  liveness& peers() override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace weft::mpi
