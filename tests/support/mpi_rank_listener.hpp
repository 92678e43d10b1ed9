// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <mpi.h>

namespace weft::test {

/// Takes the place of GoogleTest's printer under mpirun. Each rank collects its failures; at the end of each test they are
/// gathered on rank 0, which shows them with the rank's number. Collective: each test must end on every rank.
class rank_listener : public testing::EmptyTestEventListener {
 public:
  explicit rank_listener(MPI_Comm comm);

  void OnTestProgramStart(const testing::UnitTest& program) override;
  void OnTestStart(const testing::TestInfo& test) override;
  void OnTestPartResult(const testing::TestPartResult& result) override;
  void OnTestEnd(const testing::TestInfo& test) override;
  void OnTestProgramEnd(const testing::UnitTest& program) override;

  /// Number of tests that failed on at least one rank; known on every rank.
  int failed_tests() const { return failed_; }

 private:
  /// Shows each rank's non-empty text on rank 0.
  void show_gathered(const std::string& text) const;

  MPI_Comm comm_;
  int rank_ = 0;
  int size_ = 1;
  int passed_ = 0;
  int skipped_ = 0;
  int failed_ = 0;
  std::string failed_names_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace weft::test
