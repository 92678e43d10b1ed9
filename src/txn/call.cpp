// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/call.hpp>

#include <exception>
#include <span>

namespace weft::txn {

call_answer run(const call& what, cell& at) {
  call_answer answer;
  try {
    const remote_entry& found = remote_table::of_program().at(what.function, type_hash<std::tuple<cell>>);
    byte_buffer result;
    void* place[] = {&at};
    found.call(place, std::as_bytes(std::span(what.arguments)), result);
    answer.result.assign(reinterpret_cast<const char*>(result.data()), result.size());
  } catch (...) {
    answer.failure.push_back(failure_of(std::current_exception()));
  }
  return answer;
}

}  // namespace weft::txn
