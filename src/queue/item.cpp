// SPDX-License-Identifier: BSL-1.0
#include <weft/queue/item.hpp>

namespace weft::detail {

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace weft::detail
