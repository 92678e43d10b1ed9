// SPDX-License-Identifier: BSL-1.0
#include <weft/async/frame_pool.hpp>

namespace weft {

void* frame_pool::allocate_new(std::size_t size_class) { return ::operator new((size_class + 1) * granule); }

void frame_pool::trim() noexcept {
  lists& mine = local();
  for (std::size_t i = 0; i < classes; ++i) {
    while (mine.free[i] != nullptr) {
      block* top = mine.free[i];
      mine.free[i] = top->next;
      ::operator delete(top);
    }
    mine.count[i] = 0;
  }
}

frame_pool::lists::~lists() {
  for (block*& list : free) {
    while (list != nullptr) {
      block* top = list;
      list = top->next;
      ::operator delete(top);
    }
  }
}

}  // namespace weft
