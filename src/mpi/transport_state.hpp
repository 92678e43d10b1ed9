// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <weft/mpi/mpi_transport.hpp>

#include "mpi/comm_jobs.hpp"
#include "mpi/comm_table.hpp"
#include "mpi/datatypes.hpp"
#include "mpi/facts.hpp"
#include "mpi/idle_ladder.hpp"
#include "mpi/message_table.hpp"
#include "mpi/persistent_requests.hpp"
#include "mpi/reductions.hpp"
#include "mpi/request_table.hpp"
#include "mpi/self_sends.hpp"

namespace weft::mpi {

/// Where the root of a gather or scatter keeps the ranks' parts: in units of `type`.
struct placement {
  const int* counts;
  const int* displs;
  MPI_Datatype type;
};

/// What an `mpi_transport` is made of. Members are destroyed from the last to the first: requests before communicators.
struct mpi_transport::state {
  state(MPI_Comm parent, ownership how, idle_policy idle);
  ~state();

  comm_table comms;
  datatypes types;
  reductions operations{types};
  request_table requests;
  persistent_requests persistents{requests};
  comm_jobs jobs{comms, requests};
  message_table messages;
  self_sends to_self;
  node_members node;
  transport_limits limits;
  MPI_Request done_request = find_done_request();
  int self = 0;
  bool oversubscribed = false;
  /// A test that failed since the last `poll` has made MPI progress: an empty `poll` need not.
  bool progressed = false;
  idle_ladder ladder;

  std::size_t poll_everything(std::span<completion> out);
  /// A poll without anything pending: makes progress, unless a failed test just did.
  void poll_nothing(bool has_progressed);

  /// A send to this rank, or a synchronous one.
  struct special_send {
    envelope to;
    MPI_Comm comm;
    const void* data;
    std::uint64_t count;
    const datatype& type;
    wire message;
    send_mode mode;
    void* token;
  };
  op_number send_specially(const special_send& what, completion& now);
  /// Puts a just started send among the pending ones, if it is not done at once.
  op_number started_send(MPI_Request request, void* token, completion& now);
  /// Puts a just started collective among the pending ones, if it is not done at once.
  op_number pending_collective(MPI_Request request, void* token, completion& now);

  /// For the root of a gather or scatter. With empty `counts` each rank has one block of `count` items: only the root
  /// knows whether counts differ, so all ranks use MPI's call with counts, and the root makes them up.
  placement place(int ranks, std::span<const int> counts, std::span<const int> displs, std::uint64_t count,
                  const datatype& type);
  std::deque<std::vector<int>> ones;
  std::deque<std::vector<int>> rank_numbers;  ///< 0, 1, 2, ...
};

/// MPI's names for the wildcards, which an MPI may number differently.
inline int mpi_source(int peer) noexcept { return peer == any_source ? MPI_ANY_SOURCE : peer; }
inline int mpi_tag(int tag) noexcept { return tag == any_tag ? MPI_ANY_TAG : tag; }

}  // namespace weft::mpi
