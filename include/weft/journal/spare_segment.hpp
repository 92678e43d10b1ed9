// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include <weft/journal/folder.hpp>
#include <weft/journal/format.hpp>
#include <weft/journal/storage_sequence.hpp>

namespace weft::detail {

/// The segment that a journal writes next, made while it still writes the present one: room for it is reserved, the
/// file is filled with zeros if `is_filled` (a force of bytes that were written before need not update the file's map),
/// and its size and name are forced. So a short file means that somebody has cut it.
class spare_segment {
 public:
  spare_segment(journal_folder& folder, bool is_filled) : folder_(folder), is_filled_(is_filled) {}
  ~spare_segment();
  spare_segment(const spare_segment&) = delete;
  spare_segment& operator=(const spare_segment&) = delete;

  /// Starts making a segment of `bytes`, or makes the one that is ready longer.
  void prepare(const journal_format::segment_name& name, std::uint64_t bytes);
  /// A piece of the work that takes some tens of microseconds; to be called at each poll. Throws `world_error`.
  void advance();
  bool is_wanted() const noexcept { return target_ != 0; }
  /// Neither ready nor being forced.
  bool wants_advance() const noexcept { return target_ != 0 && forced_ != target_ && !under_way_.under_way(); }
  bool is_ready() const noexcept { return target_ != 0 && forced_ == target_; }
  std::uint64_t bytes() const noexcept { return target_; }
  const std::string& path() const noexcept { return path_; }
  /// Hands the file over, which must be ready.
  file_id take() noexcept;

 private:
  storage_sequence forcing();
  void fill_some();

  journal_folder& folder_;
  bool is_filled_;
  std::string path_;
  file_id file_ = file_id::none;
  std::uint64_t filled_ = 0;
  std::uint64_t forced_ = 0;
  std::uint64_t target_ = 0;
  storage_sequence under_way_;
};

}  // namespace weft::detail
