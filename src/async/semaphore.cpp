// SPDX-License-Identifier: BSL-1.0
#include <weft/async/semaphore.hpp>

namespace weft {

namespace {
using acquire_operation = detail::queued_operation<semaphore_permit>;
constexpr operation::type acquire_kind = acquire_operation::kind("semaphore");
}  // namespace

future<semaphore_permit> async_semaphore::acquire(source_location where) {
  auto* op = detail::make_operation<acquire_operation>(on_, acquire_kind, where);
  waiting_.push(*op);
  grant();
  return future<semaphore_permit>(op);
}

semaphore_permit async_semaphore::try_acquire() noexcept {
  if (units_ == 0 || !waiting_.empty()) return {};
  --units_;
  return semaphore_permit(*this);
}

void async_semaphore::release(std::size_t units) noexcept {
  units_ += units;
  grant();
}

void async_semaphore::grant() noexcept {
  while (units_ > 0 && !waiting_.empty()) {
    auto& op = static_cast<acquire_operation&>(*waiting_.front());
    waiting_.remove(op);
    --units_;
    op.emplace(*this);
    op.succeed();
  }
}

}  // namespace weft
