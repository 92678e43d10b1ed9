// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>

namespace weft::detail {

/// What a queue's values carry besides what the user put: nothing, or where they are written down (`durable_queue`).
template <class T>
struct carried {
  using payload_type = T;
  static constexpr bool is_tracked = false;
  static T& payload(T& value) noexcept { return value; }
  static const T& payload(const T& value) noexcept { return value; }
  static unsigned earlier_attempts(const T&) noexcept { return 0; }
};

/// Told which items of a queue of tracked values were done, while their values are still there.
template <class T>
class done_listener {
 public:
  virtual void on_done(std::span<const T> values) noexcept = 0;

 protected:
  ~done_listener() = default;
};

}  // namespace weft::detail
