// SPDX-License-Identifier: BSL-1.0
#include "results_writer.hpp"

#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

std::string text_of(storage_result why) { return std::generic_category().message(why.code); }

}  // namespace

results_writer::results_writer(storage& files, std::string path) : files_(files), path_(std::move(path)) {
  const auto made = files_.open(file_space::shared, path_, open_mode::create, file_);
  if (!made || !files_.size(file_, written_)) {
    throw usage_error("cannot make '" + path_ + "': " + text_of(made) +
                      "; choose another results directory with --results DIR");
  }
}

results_writer::~results_writer() {
  write();
  files_.close(file_);
}

void results_writer::append(std::string_view line) {
  held_ += line;
  if (held_.size() >= enough) flush();
}

void results_writer::flush() {
  if (const auto result = write(); !result) throw error("cannot write '" + path_ + "': " + text_of(result));
}

void results_writer::keep_name() {
  flush();
  file_id there = file_id::none;
  std::uint64_t bytes = 0;
  bool is_ours = static_cast<bool>(files_.open(file_space::shared, path_, open_mode::read_only, there));
  if (is_ours) {
    is_ours = static_cast<bool>(files_.size(there, bytes)) && bytes == written_;
    files_.close(there);
  }
  if (!is_ours) replace_by_copy();
}

void results_writer::replace_by_copy() {
  const std::string fresh = path_ + ".new";
  static_cast<void>(files_.remove(file_space::shared, fresh));
  {
    results_writer copy(files_, fresh);
    std::vector<std::byte> piece(enough);
    for (std::uint64_t at = 0; at < written_;) {
      std::size_t n = 0;
      const auto got = files_.read(file_, at, piece, n);
      if (!got || n == 0) throw error("cannot read '" + path_ + "': " + text_of(got));
      copy.append({reinterpret_cast<const char*>(piece.data()), n});
      at += n;
    }
    copy.flush();
  }
  const auto renamed = files_.rename(file_space::shared, fresh, path_);
  if (!renamed) throw error("cannot write '" + path_ + "': " + text_of(renamed));
}

storage_result results_writer::write() {
  if (held_.empty()) return {};
  const auto result = files_.write(file_, written_, std::as_bytes(std::span(held_)));
  if (!result) return result;
  written_ += held_.size();
  held_.clear();
  return result;
}

}  // namespace weft::farm
