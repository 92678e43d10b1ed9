// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <mpi.h>

#include "support/mpi_accounting.hpp"

namespace weft::test {

/// Takes the place of GoogleTest's printer under mpirun. Each rank collects its failures; at the end of each test they
/// are gathered on rank 0, which shows them with the rank's number. Collective: each test must end on every rank.
class rank_listener : public testing::EmptyTestEventListener {
 public:
  explicit rank_listener(MPI_Comm comm);

  void OnTestProgramStart(const testing::UnitTest& program) override;
  void OnTestStart(const testing::TestInfo& test) override;
  void OnTestPartResult(const testing::TestPartResult& result) override;
  void OnTestEnd(const testing::TestInfo& test) override;
  void OnTestProgramEnd(const testing::UnitTest& program) override;

  /// Whether anything failed on any rank; the same answer on every rank.
  bool failed() const { return failed_ > 0; }

 private:
  /// Whether `mine` is true on at least one rank.
  bool on_any_rank(bool mine) const;
  /// Shows each rank's non-empty text on rank 0.
  void show_gathered(const std::string& text) const;
  void fail(const std::string& what, const std::string& text);
  void check_failures_outside_of_tests(const testing::UnitTest& program);
  void check_open_handles();

  MPI_Comm comm_;
  int rank_ = 0;
  int size_ = 1;
  int passed_ = 0;
  int skipped_ = 0;
  int failed_ = 0;
  std::string failed_names_;
  handle_counts handles_at_start_;
  std::string leaving_tests_;  ///< tests after which more MPI handles were open than before, on this rank
  std::chrono::steady_clock::time_point started_;
};

}  // namespace weft::test
