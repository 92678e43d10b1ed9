// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstring>
#include <memory>
#include <string>

#include "support/scratch_directory.hpp"

namespace weft::testing {

/// One empty directory for all ranks of a run on one machine, removed when all of them have left it. Collective.
class shared_directory {
 public:
  shared_directory() {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    char path[512] = {};
    if (rank == 0) {
      own_ = std::make_unique<scratch_directory>();
      std::strncpy(path, own_->path().c_str(), sizeof path - 1);
    }
    MPI_Bcast(path, sizeof path, MPI_CHAR, 0, MPI_COMM_WORLD);
    path_ = path;
  }
  ~shared_directory() { MPI_Barrier(MPI_COMM_WORLD); }
  shared_directory(const shared_directory&) = delete;
  shared_directory& operator=(const shared_directory&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::unique_ptr<scratch_directory> own_;
  std::string path_;
};

}  // namespace weft::testing
