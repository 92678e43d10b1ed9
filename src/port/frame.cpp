// SPDX-License-Identifier: BSL-1.0
#include <weft/port/frame.hpp>

namespace weft::detail {

namespace {

/// Enough for one full window in each direction; more is given back to the heap.
constexpr unsigned most_kept = 2 * frame_window;
/// Of them, when nothing has been sent for a while.
constexpr unsigned kept_idle = 2;

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

void frame::trim() noexcept {
  kept_frames& mine = kept();
  for (; mine.count > kept_idle && mine.first != nullptr; --mine.count) {
    frame* next = mine.first->next;
    delete mine.first;
    mine.first = next;
  }
}

}  // namespace weft::detail
