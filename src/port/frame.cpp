// SPDX-License-Identifier: BSL-1.0
#include <weft/port/frame.hpp>

namespace weft::detail {

namespace {

/// Enough for one full window in each direction; more is given back to the heap.
constexpr unsigned most_kept = 2 * frame_window;

struct kept_frames {
  frame* first = nullptr;
  unsigned count = 0;
  ~kept_frames() {
    while (first != nullptr) {
      frame* next = first->next;
      delete first;
      first = next;
    }
    count = most_kept;  // a frame that comes back from now on is deleted
  }
};

kept_frames& kept() noexcept {
  thread_local kept_frames mine;
  return mine;
}

}  // namespace

frame* frame::take() {
  kept_frames& mine = kept();
  if (mine.first == nullptr) return new frame;
  frame* taken = mine.first;
  mine.first = taken->next;
  --mine.count;
  taken->next = nullptr;
  taken->hub = nullptr;
  return taken;
}

void frame::give_back(frame* done) noexcept {
  kept_frames& mine = kept();
  if (mine.count >= most_kept) {
    delete done;
    return;
  }
  done->next = mine.first;
  mine.first = done;
  ++mine.count;
}

}  // namespace weft::detail
