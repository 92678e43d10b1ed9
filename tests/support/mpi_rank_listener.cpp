// SPDX-License-Identifier: BSL-1.0
#include "support/mpi_rank_listener.hpp"

#include <cstdio>
#include <sstream>
#include <vector>

#include "support/mpi_watchdog.hpp"

namespace weft::test {

namespace {

std::string full_name(const testing::TestInfo& test) { return std::string(test.test_suite_name()) + "." + test.name(); }

std::string describe(const testing::TestPartResult& result) {
  std::ostringstream text;
  if (result.file_name() != nullptr) text << result.file_name() << ':' << result.line_number() << ": ";
  text << (result.skipped() ? "Skipped" : "Failure") << '\n' << result.message() << '\n';
  return text.str();
}

}  // namespace

rank_listener::rank_listener(MPI_Comm comm) : comm_(comm) {
  PMPI_Comm_rank(comm_, &rank_);
  PMPI_Comm_size(comm_, &size_);
}

void rank_listener::OnTestProgramStart(const testing::UnitTest& program) {
  if (rank_ == 0) std::printf("[==========] %d tests on %d ranks\n", program.test_to_run_count(), size_);
}

void rank_listener::OnTestStart(const testing::TestInfo& test) {
  watchdog_begin_test(full_name(test));
  started_ = std::chrono::steady_clock::now();
  if (rank_ != 0) return;
  std::printf("[ RUN      ] %s\n", full_name(test).c_str());
  std::fflush(stdout);
}

void rank_listener::OnTestPartResult(const testing::TestPartResult& result) {
  if (!result.passed()) watchdog_add_text(describe(result));
}

void rank_listener::OnTestEnd(const testing::TestInfo& test) {
  const testing::TestResult& result = *test.result();
  int mine[2] = {result.Failed() ? 1 : 0, result.Skipped() ? 1 : 0};
  int all[2] = {};
  PMPI_Allreduce(mine, all, 2, MPI_INT, MPI_SUM, comm_);
  const bool failed = all[0] > 0;
  const bool skipped = !failed && all[1] > 0;
  const std::string text = watchdog_end_test();
  if (failed) show_gathered(text);
  if (skipped && rank_ == 0) std::printf("%s", text.c_str());

  failed_ += failed ? 1 : 0;
  skipped_ += skipped ? 1 : 0;
  passed_ += failed || skipped ? 0 : 1;
  if (failed) failed_names_ += "[  FAILED  ] " + full_name(test) + "\n";
  if (rank_ != 0) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  const char* verdict = failed ? "[  FAILED  ]" : skipped ? "[  SKIPPED ]" : "[       OK ]";
  std::printf("%s %s (%lld ms)\n", verdict, full_name(test).c_str(), static_cast<long long>(took.count()));
  std::fflush(stdout);
}

void rank_listener::OnTestProgramEnd(const testing::UnitTest& program) {
  // Failures outside of any test: SetUpTestSuite, environments.
  const bool outside = program.ad_hoc_test_result().Failed() || program.failed_test_suite_count() > 0;
  int mine = outside && failed_ == 0 ? 1 : 0;
  int any = 0;
  PMPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, comm_);
  if (any != 0) {
    ++failed_;
    show_gathered(watchdog_end_test());
    failed_names_ += "[  FAILED  ] outside of the tests (set-up of a suite or of the program)\n";
  }
  if (rank_ != 0) return;
  std::printf("[==========] passed %d, skipped %d, failed %d, on %d ranks\n%s", passed_, skipped_, failed_, size_,
              failed_names_.c_str());
  std::fflush(stdout);
}

void rank_listener::show_gathered(const std::string& text) const {
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(static_cast<std::size_t>(size_));
  PMPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, comm_);
  std::vector<int> starts(lengths.size());
  int total = 0;
  for (std::size_t r = 0; r < lengths.size(); ++r) {
    starts[r] = total;
    total += lengths[r];
  }
  std::string all(static_cast<std::size_t>(total), '\0');
  PMPI_Gatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), starts.data(), MPI_CHAR, 0, comm_);
  if (rank_ != 0) return;
  for (std::size_t r = 0; r < lengths.size(); ++r) {
    if (lengths[r] == 0) continue;
    std::printf("rank %zu: %.*s", r, lengths[r], all.data() + starts[r]);
  }
}

}  // namespace weft::test
