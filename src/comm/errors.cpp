// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/errors.hpp>

#include <fmt/format.h>

#include <weft/comm/comm_state.hpp>
#include <weft/core/error.hpp>

namespace weft::detail {

void throw_bad_target(const char* call, const comm_state& comm, int peer, int tag, source_location where) {
  if (tag < any_tag || tag > comm.on.transport().limits().max_tag) {
    throw usage_error(
        fmt::format("{}: tag {} is out of range (0 to {})", call, tag, comm.on.transport().limits().max_tag), where);
  }
  throw usage_error(fmt::format("{}: the communicator has ranks 0 to {}, and no rank {} and tag {} to talk to", call,
                                comm.size - 1, peer, tag),
                    where);
}

void rethrow_with_place(const char* call, source_location where) {
  try {
    throw;
  } catch (const world_error& e) {
    throw world_error(fmt::format("{}: {}", call, e.what()), e.code(), where);
  }
}

std::exception_ptr world_failure(const char* call, int code, source_location where) {
  return std::make_exception_ptr(
      world_error(fmt::format("{} failed in the world with its error {}", call, code), code, where));
}

std::exception_ptr size_mismatch(const mismatch_facts& f) {
  std::string wanted;
  if (f.received % f.element != 0 && f.received <= f.expected && !f.exact) {
    wanted = fmt::format("no whole number of elements of {} bytes", f.element);
  } else {
    wanted = fmt::format("{}{} bytes were expected", f.exact ? "" : "at most ", f.expected);
  }
  const std::string size = f.received == 0 && f.truncated ? std::string("longer") : fmt::format("{} bytes", f.received);
  return std::make_exception_ptr(message_mismatch(
      fmt::format("the message from rank {} with tag {} has another size than the receive asked for: {}, {}", f.source,
                  f.tag, size, wanted),
      f.source, f.tag, f.expected, f.received, f.where));
}

std::exception_ptr value_mismatch(const mismatch_facts& f, const char* cause) {
  return std::make_exception_ptr(
      message_mismatch(fmt::format("the message from rank {} with tag {} ({} bytes) is not the value asked for: {}",
                                   f.source, f.tag, f.received, cause),
                       f.source, f.tag, f.expected, f.received, f.where));
}

}  // namespace weft::detail
