// SPDX-License-Identifier: BSL-1.0
// Definitions of the MPI functions that make and complete requests: each calls its PMPI twin and counts.

#include "support/mpi_accounting_count.hpp"

namespace {

using weft::test::handle_kind;
using weft::test::detail::count;
using weft::test::detail::freed;
using weft::test::detail::made;

/// The handle that Open MPI gives for whatever is done at once: there is one, and it is never freed.
bool is_done_handle(MPI_Request request) {
#ifdef OPEN_MPI
  static const MPI_Request known = [] {
    MPI_Request done = MPI_REQUEST_NULL;
    PMPI_Isend(nullptr, 0, MPI_BYTE, MPI_PROC_NULL, 0, MPI_COMM_SELF, &done);
    MPI_Request finished = done;
    PMPI_Wait(&finished, MPI_STATUS_IGNORE);
    return done;
  }();
  return request == known;
#else
  (void)request;
  return false;
#endif
}

bool is_live(MPI_Request request) { return request != MPI_REQUEST_NULL && !is_done_handle(request); }

/// MPI sets a request that it has completed to MPI_REQUEST_NULL, unless it is persistent.
long live(int n, const MPI_Request* requests) {
  long sum = 0;
  for (int i = 0; i < n; ++i) sum += is_live(requests[i]) ? 1 : 0;
  return sum;
}

/// Calls `complete` and counts the requests that it set to null, whatever it returned.
template <class Call>
int completing(int n, MPI_Request* requests, Call complete) {
  const long before = live(n, requests);
  const int code = complete();
  count(handle_kind::request, live(n, requests) - before);
  return code;
}

}  // namespace

#define WEFT_STARTS(name, parameters, ...)                                                        \
  int MPI_##name parameters {                                                                     \
    const int code = PMPI_##name(__VA_ARGS__);                                                    \
    return made(handle_kind::request, code, code == MPI_SUCCESS && is_live(*request));            \
  }

// clang-format off
extern "C" {

// Point to point, once and persistent.
#define WEFT_SENDS(name) \
  WEFT_STARTS(name, (const void* data, int n, MPI_Datatype type, int peer, int tag, MPI_Comm comm, MPI_Request* request), \
              data, n, type, peer, tag, comm, request)
WEFT_SENDS(Isend)
WEFT_SENDS(Ibsend)
WEFT_SENDS(Irsend)
WEFT_SENDS(Issend)
WEFT_SENDS(Send_init)
WEFT_SENDS(Bsend_init)
WEFT_SENDS(Rsend_init)
WEFT_SENDS(Ssend_init)
#define WEFT_RECEIVES(name) \
  WEFT_STARTS(name, (void* data, int n, MPI_Datatype type, int peer, int tag, MPI_Comm comm, MPI_Request* request), \
              data, n, type, peer, tag, comm, request)
WEFT_RECEIVES(Irecv)
WEFT_RECEIVES(Recv_init)

// Collectives.
WEFT_STARTS(Ibarrier, (MPI_Comm comm, MPI_Request* request), comm, request)
WEFT_STARTS(Ibcast, (void* data, int n, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request* request),
            data, n, type, root, comm, request)
WEFT_STARTS(Ireduce, (const void* in, void* out, int n, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm, MPI_Request* request),
            in, out, n, type, op, root, comm, request)
#define WEFT_REDUCES(name) \
  WEFT_STARTS(name, (const void* in, void* out, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm, MPI_Request* request), \
              in, out, n, type, op, comm, request)
WEFT_REDUCES(Iallreduce)
WEFT_REDUCES(Iscan)
WEFT_REDUCES(Iexscan)
WEFT_REDUCES(Ireduce_scatter_block)
WEFT_STARTS(Ireduce_scatter, (const void* in, void* out, const int* counts, MPI_Datatype type, MPI_Op op, MPI_Comm comm, MPI_Request* request),
            in, out, counts, type, op, comm, request)
#define WEFT_ROOTED(name) \
  WEFT_STARTS(name, (const void* in, int n, MPI_Datatype type, void* out, int m, MPI_Datatype other, int root, MPI_Comm comm, MPI_Request* request), \
              in, n, type, out, m, other, root, comm, request)
WEFT_ROOTED(Igather)
WEFT_ROOTED(Iscatter)
#define WEFT_EXCHANGES(name) \
  WEFT_STARTS(name, (const void* in, int n, MPI_Datatype type, void* out, int m, MPI_Datatype other, MPI_Comm comm, MPI_Request* request), \
              in, n, type, out, m, other, comm, request)
WEFT_EXCHANGES(Iallgather)
WEFT_EXCHANGES(Ialltoall)
WEFT_STARTS(Igatherv, (const void* in, int n, MPI_Datatype type, void* out, const int* counts, const int* starts, MPI_Datatype other, int root, MPI_Comm comm, MPI_Request* request),
            in, n, type, out, counts, starts, other, root, comm, request)
WEFT_STARTS(Iscatterv, (const void* in, const int* counts, const int* starts, MPI_Datatype type, void* out, int m, MPI_Datatype other, int root, MPI_Comm comm, MPI_Request* request),
            in, counts, starts, type, out, m, other, root, comm, request)
WEFT_STARTS(Iallgatherv, (const void* in, int n, MPI_Datatype type, void* out, const int* counts, const int* starts, MPI_Datatype other, MPI_Comm comm, MPI_Request* request),
            in, n, type, out, counts, starts, other, comm, request)
WEFT_STARTS(Ialltoallv, (const void* in, const int* counts, const int* starts, MPI_Datatype type, void* out, const int* other_counts, const int* other_starts, MPI_Datatype other, MPI_Comm comm, MPI_Request* request),
            in, counts, starts, type, out, other_counts, other_starts, other, comm, request)
WEFT_STARTS(Ialltoallw, (const void* in, const int* counts, const int* starts, const MPI_Datatype* types, void* out, const int* other_counts, const int* other_starts, const MPI_Datatype* others, MPI_Comm comm, MPI_Request* request),
            in, counts, starts, types, out, other_counts, other_starts, others, comm, request)

// One-sided.
#define WEFT_PUTS(name, constness) \
  WEFT_STARTS(name, (constness void* data, int n, MPI_Datatype type, int peer, MPI_Aint at, int m, MPI_Datatype other, MPI_Win window, MPI_Request* request), \
              data, n, type, peer, at, m, other, window, request)
WEFT_PUTS(Rput, const)
WEFT_PUTS(Rget, )
WEFT_STARTS(Raccumulate, (const void* data, int n, MPI_Datatype type, int peer, MPI_Aint at, int m, MPI_Datatype other, MPI_Op op, MPI_Win window, MPI_Request* request),
            data, n, type, peer, at, m, other, op, window, request)
WEFT_STARTS(Rget_accumulate, (const void* data, int n, MPI_Datatype type, void* out, int k, MPI_Datatype result, int peer, MPI_Aint at, int m, MPI_Datatype other, MPI_Op op, MPI_Win window, MPI_Request* request),
            data, n, type, out, k, result, peer, at, m, other, op, window, request)

// clang-format on

int MPI_Comm_idup(MPI_Comm comm, MPI_Comm* copy, MPI_Request* request) {
  const int code = PMPI_Comm_idup(comm, copy, request);
  made(handle_kind::communicator, code, true);
  return made(handle_kind::request, code, true);
}

// Matched probes: a message found must be received.
int MPI_Mprobe(int peer, int tag, MPI_Comm comm, MPI_Message* message, MPI_Status* status) {
  const int code = PMPI_Mprobe(peer, tag, comm, message, status);
  return made(handle_kind::message, code, code == MPI_SUCCESS && *message != MPI_MESSAGE_NO_PROC);
}

int MPI_Improbe(int peer, int tag, MPI_Comm comm, int* found, MPI_Message* message, MPI_Status* status) {
  const int code = PMPI_Improbe(peer, tag, comm, found, message, status);
  return made(handle_kind::message, code, code == MPI_SUCCESS && *found != 0 && *message != MPI_MESSAGE_NO_PROC);
}

int MPI_Mrecv(void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Status* status) {
  const bool there = *message != MPI_MESSAGE_NO_PROC;
  const int code = PMPI_Mrecv(data, n, type, message, status);
  if (there && *message == MPI_MESSAGE_NULL) count(handle_kind::message, -1);  // also when it was truncated
  return code;
}

int MPI_Imrecv(void* data, int n, MPI_Datatype type, MPI_Message* message, MPI_Request* request) {
  const bool there = *message != MPI_MESSAGE_NO_PROC;
  const int code = PMPI_Imrecv(data, n, type, message, request);
  freed(handle_kind::message, code, there);
  return made(handle_kind::request, code, code == MPI_SUCCESS && is_live(*request));
}

// Completion.
int MPI_Request_free(MPI_Request* request) {
  return completing(1, request, [&] { return PMPI_Request_free(request); });
}

int MPI_Wait(MPI_Request* request, MPI_Status* status) {
  return completing(1, request, [&] { return PMPI_Wait(request, status); });
}

int MPI_Test(MPI_Request* request, int* done, MPI_Status* status) {
  return completing(1, request, [&] { return PMPI_Test(request, done, status); });
}

int MPI_Waitall(int n, MPI_Request* requests, MPI_Status* statuses) {
  return completing(n, requests, [&] { return PMPI_Waitall(n, requests, statuses); });
}

int MPI_Testall(int n, MPI_Request* requests, int* done, MPI_Status* statuses) {
  return completing(n, requests, [&] { return PMPI_Testall(n, requests, done, statuses); });
}

int MPI_Waitany(int n, MPI_Request* requests, int* index, MPI_Status* status) {
  return completing(n, requests, [&] { return PMPI_Waitany(n, requests, index, status); });
}

int MPI_Testany(int n, MPI_Request* requests, int* index, int* done, MPI_Status* status) {
  return completing(n, requests, [&] { return PMPI_Testany(n, requests, index, done, status); });
}

int MPI_Waitsome(int n, MPI_Request* requests, int* done, int* indices, MPI_Status* statuses) {
  return completing(n, requests, [&] { return PMPI_Waitsome(n, requests, done, indices, statuses); });
}

int MPI_Testsome(int n, MPI_Request* requests, int* done, int* indices, MPI_Status* statuses) {
  return completing(n, requests, [&] { return PMPI_Testsome(n, requests, done, indices, statuses); });
}

}  // extern "C"
