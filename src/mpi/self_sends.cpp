// SPDX-License-Identifier: BSL-1.0
#include "mpi/self_sends.hpp"

#include <cstring>
#include <utility>

#include "mpi/error.hpp"

namespace weft::mpi {

self_sends::~self_sends() {
  if (pending_.empty() || !mpi_is_running()) return;
  reap();
  // What nobody received is MPI's to drop, but it may still read the bytes: they are left to it.
  for (auto& p : pending_) {
    MPI_Request_free(&p->request);
    static_cast<void>(p.release());
  }
}

void self_sends::send(const void* data, std::size_t bytes, const wire& message, int self, int tag, MPI_Comm comm) {
  reap();
  std::unique_ptr<parcel> p;
  if (spare_.empty()) {
    p = std::make_unique<parcel>();
  } else {
    p = std::move(spare_.back());
    spare_.pop_back();
  }
  if (bytes != 0) std::memcpy(p->data.data(), data, bytes);
  check(MPI_Issend(p->data.data(), message.count, message.type, self, tag, comm, &p->request), "MPI_Issend");
  pending_.push_back(std::move(p));
}

void self_sends::reap() {
  for (std::size_t i = 0; i < pending_.size();) {
    int done = 0;
    check(MPI_Test(&pending_[i]->request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) {
      ++i;
      continue;
    }
    spare_.push_back(std::move(pending_[i]));
    if (i + 1 != pending_.size()) pending_[i] = std::move(pending_.back());
    pending_.pop_back();
  }
}

}  // namespace weft::mpi
