// SPDX-License-Identifier: BSL-1.0
#include "results_writer.hpp"

#include <span>
#include <system_error>
#include <utility>

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

storage_result results_writer::write() {
  if (held_.empty()) return {};
  const auto result = files_.write(file_, written_, std::as_bytes(std::span(held_)));
  if (!result) return result;
  written_ += held_.size();
  held_.clear();
  return result;
}

}  // namespace weft::farm
