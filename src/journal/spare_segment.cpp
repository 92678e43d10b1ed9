// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <utility>
#include <weft/core/planted_fault.hpp>
#include <weft/journal/errors.hpp>
#include <weft/journal/spare_segment.hpp>

namespace weft::detail {

spare_segment::~spare_segment() {
  if (file_ != file_id::none) folder_.files().close(file_);
}

void spare_segment::prepare(const journal_format::segment_name& name, std::uint64_t bytes) {
  weft::storage& files = folder_.files();
  if (file_ == file_id::none) {
    path_ = folder_.path_of(journal_format::file_name(name));
    // A file of this name would be somebody else's who believes to be the same writer of the same run.
    check_storage(files.open(folder_.space(), path_, open_mode::create_exclusive, file_), "make", path_);
  }
  check_storage(files.preallocate(file_, bytes), "reserve room for", path_);
  target_ = bytes;
  if (!is_filled_) filled_ = bytes;
}

void spare_segment::advance() {
  if (under_way_.under_way()) return;
  under_way_.check();
  if (target_ == 0 || forced_ == target_) return;
  if (filled_ < target_) return fill_some();
  under_way_ = forcing();
}

void spare_segment::fill_some() {
  static constexpr std::array<std::byte, 128 * 1024> zeros{};
  const std::size_t piece = std::min<std::uint64_t>(zeros.size(), target_ - filled_);
  check_storage(folder_.files().write(file_, filled_, std::span(zeros).first(piece)), "write", path_);
  filled_ += piece;
}

storage_sequence spare_segment::forcing() {
  weft::storage& files = folder_.files();
  const std::uint64_t bytes = target_;
  storage_result forced = co_await storage_wait::sync(files, file_);
  check_storage(forced, "force", path_);
  if (!WEFT_PLANTED("journal.segment_name_is_not_forced"))
    forced = co_await storage_wait::sync_directory(files, folder_.space(), folder_.path());
  check_storage(forced, "force the folder", folder_.path());
  forced_ = bytes;
}

file_id spare_segment::take() noexcept {
  filled_ = forced_ = target_ = 0;
  return std::exchange(file_, file_id::none);
}

}  // namespace weft::detail
