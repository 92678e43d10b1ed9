// SPDX-License-Identifier: BSL-1.0
#include <weft/core/error.hpp>

#include <string_view>
#include <utility>

namespace weft {

std::string describe(const source_location& where) {
  if (where.line == 0) return {};
  std::string_view file = where.file;
  if (auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  std::string text = " (";
  text.append(file).append(":").append(std::to_string(where.line));
  if (*where.function != '\0') text.append(" in ").append(where.function);
  return text.append(")");
}

error::error(std::string text, source_location where) : text_(std::move(text)), where_(where) {
  text_ += describe(where);
}

would_deadlock::would_deadlock(const char* call, source_location where)
    : error(std::string(call) + " would block inside code that the loop runs, and the loop could never complete it; "
                                "await it instead (co_await) or attach a callback with .then()",
            where) {}

timed_out::timed_out(const char* what_waited, source_location where)
    : error(std::string("timed out: ") + what_waited, where) {}

operation_cancelled::operation_cancelled(const char* what_waited, source_location where)
    : error(std::string("cancelled: ") + what_waited, where) {}

message_mismatch::message_mismatch(std::string text, int source, int tag, std::uint64_t expected_bytes,
                                   std::uint64_t received_bytes, source_location where)
    : error(std::move(text), where),
      source_(source),
      tag_(tag),
      expected_(expected_bytes),
      received_(received_bytes) {}

world_error::world_error(std::string text, int code, source_location where)
    : error(std::move(text), where), code_(code) {}

not_supported::not_supported(const char* part)
    : error(std::string("this world does not offer '") + part + "'") {}

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace weft
