// SPDX-License-Identifier: BSL-1.0
#include <weft/async/descriptor.hpp>

namespace weft {

namespace {

struct descriptor_operation final : value_operation<void>, host_listener {
  descriptor_operation(loop& on, int fd, bool read, source_location where)
      : value_operation<void>(on, kind, where), descriptor(fd) {
    on.host().watch_descriptor(fd, read, !read, static_cast<host_listener*>(this));
    on.note_outside_work();
    watched = true;
  }
  ~descriptor_operation() override { unwatch(); }

  void on_event(const host_event&) noexcept override {
    unwatch();
    succeed();
  }
  void unwatch() noexcept {
    if (watched) on().host().unwatch_descriptor(descriptor);
    watched = false;
  }
  static withdrawal stop(operation& self) noexcept {
    static_cast<descriptor_operation&>(self).unwatch();
    self.cancelled();
    return withdrawal::withdrawn;
  }
  static constexpr type kind{"descriptor", detail::never_completed, stop,
                             detail::destroy_operation<descriptor_operation>, drop_policy::withdraw};
  int descriptor;
  bool watched = false;
};

}  // namespace

future<void> readable(loop& on, int descriptor, source_location where) {
  return future<void>(detail::make_operation<descriptor_operation>(on, descriptor, true, where));
}

future<void> writable(loop& on, int descriptor, source_location where) {
  return future<void>(detail::make_operation<descriptor_operation>(on, descriptor, false, where));
}

}  // namespace weft
