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
  handles_at_start_ = open_handles();
  started_ = std::chrono::steady_clock::now();
  if (rank_ != 0) return;
  std::printf("[ RUN      ] %s\n", full_name(test).c_str());
  std::fflush(stdout);
}

void rank_listener::OnTestPartResult(const testing::TestPartResult& result) {
  if (result.failed()) watchdog_add_text(describe(result));
  if (result.skipped() && rank_ == 0) std::printf("%s", describe(result).c_str());
}

void rank_listener::OnTestEnd(const testing::TestInfo& test) {
  const std::string left = describe_growth(handles_at_start_, open_handles());
  if (!left.empty()) leaving_tests_ += "  " + full_name(test) + " left " + left + "\n";

  const bool failed = on_any_rank(test.result()->Failed());
  const bool skipped = !failed && on_any_rank(test.result()->Skipped());
  const std::string text = watchdog_end_test();
  if (failed) fail(full_name(test), text);
  if (!failed) watchdog_add_text(text);  // came from the set-up of the suite, and is shown at the end
  skipped_ += skipped ? 1 : 0;
  passed_ += failed || skipped ? 0 : 1;
  if (rank_ != 0) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  const char* verdict = failed ? "[  FAILED  ]" : skipped ? "[  SKIPPED ]" : "[       OK ]";
  std::printf("%s %s (%lld ms)\n", verdict, full_name(test).c_str(), static_cast<long long>(took.count()));
  std::fflush(stdout);
}

void rank_listener::OnTestProgramEnd(const testing::UnitTest& program) {
  check_failures_outside_of_tests(program);
  check_open_handles();
  if (rank_ != 0) return;
  std::printf("[==========] passed %d, skipped %d, failed %d, on %d ranks\n%s", passed_, skipped_, failed_, size_,
              failed_names_.c_str());
  std::fflush(stdout);
}

void rank_listener::check_failures_outside_of_tests(const testing::UnitTest& program) {
  bool failed = program.ad_hoc_test_result().Failed();
  for (int i = 0; i < program.total_test_suite_count(); ++i) {
    failed = failed || program.GetTestSuite(i)->ad_hoc_test_result().Failed();
  }
  const std::string text = watchdog_end_test();
  if (on_any_rank(failed)) fail("set-up or tear-down outside of the tests", text);
}

void rank_listener::check_open_handles() {
  const std::string left = describe_growth(handle_counts(), open_handles());
  if (!on_any_rank(!left.empty())) return;
  fail("MPI handles left open", left.empty() ? "" : "left open at the end: " + left + "\n" + leaving_tests_);
}

void rank_listener::fail(const std::string& what, const std::string& text) {
  ++failed_;
  failed_names_ += "[  FAILED  ] " + what + "\n";
  show_gathered(text);
}

bool rank_listener::on_any_rank(bool mine) const {
  const int own = mine ? 1 : 0;
  int any = 0;
  PMPI_Allreduce(&own, &any, 1, MPI_INT, MPI_MAX, comm_);
  return any != 0;
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
