// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

namespace weft::conformance {

/// What one rank saw in a case. It must be the same in every world that weft has, with every run: notes hold nothing
/// that depends on time or on chance.
class notes {
 public:
  void add(std::string text) { lines_.push_back(std::move(text)); }
  void check(bool holds, const char* what, source_location where = source_location::current()) {
    if (holds) return;
    failed_ = true;
    lines_.push_back(std::string("FAILED: ") + what + " (line " + std::to_string(where.line) + ")");
  }
  bool failed() const noexcept { return failed_; }
  const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  std::vector<std::string> lines_;
  bool failed_ = false;
};

/// Collective over all ranks of the context.
struct test_case {
  const char* name;
  int least_ranks;
  void (*run)(context& ctx, notes& seen);
};

const std::vector<test_case>& message_cases();
const std::vector<test_case>& receive_cases();
const std::vector<test_case>& communicator_cases();
const std::vector<test_case>& collective_cases();
const std::vector<test_case>& storage_cases();

/// The values as text, separated by blanks.
template <class Values>
std::string listed(const Values& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : " ") + std::to_string(value);
  return text;
}

/// The name of the exception that `call()` throws, or "nothing".
template <class Call>
std::string thrown_by(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const message_mismatch&) {
    return "message_mismatch";
  } catch (const operation_cancelled&) {
    return "operation_cancelled";
  } catch (const usage_error&) {
    return "usage_error";
  } catch (const error&) {
    return "error";
  }
  return "nothing";
}

}  // namespace weft::conformance
