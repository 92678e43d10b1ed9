// SPDX-License-Identifier: BSL-1.0
#include <weft/async/frame_pool.hpp>

namespace weft {

constinit thread_local frame_pool::lists frame_pool::mine_;

void* frame_pool::allocate_new(std::size_t size_class) {
  struct trim_at_end {
    ~trim_at_end() { trim(); }
  };
  thread_local const trim_at_end end_of_thread;
  static_cast<void>(end_of_thread);
  return ::operator new((size_class + 1) * granule);
}

void frame_pool::trim() noexcept {
  for (std::size_t i = 0; i < classes; ++i) {
    while (mine_.free[i] != nullptr) {
      block* top = mine_.free[i];
      mine_.free[i] = top->next;
      ::operator delete(top);
    }
    mine_.count[i] = 0;
  }
}

}  // namespace weft
