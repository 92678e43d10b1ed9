// SPDX-License-Identifier: BSL-1.0
#include "slot_output.hpp"

#include <span>
#include <system_error>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

constexpr auto space = file_space::shared;

void check(storage_result result, const char* what, const std::string& path) {
  if (result) return;
  throw error(std::string("cannot ") + what + " '" + path + "': " + std::generic_category().message(result.code));
}

}  // namespace

slot_output::slot_output(storage& files, const results_directory& directory, int rank, int slot)
    : files_(files), directory_(directory) {
  for (const auto stream : {output_stream::out, output_stream::err}) {
    at(stream).path = directory.running_file(rank, slot, stream);
  }
}

slot_output::~slot_output() {
  for (const opened& stream : streams_) {
    if (stream.file == file_id::none) continue;
    files_.close(stream.file);
    files_.remove(space, stream.path);
  }
}

void slot_output::open() {
  for (opened& stream : streams_) {
    if (stream.file != file_id::none) continue;
    check(files_.open(space, stream.path, open_mode::create, stream.file), "make", stream.path);
  }
}

void slot_output::write_error(const std::string& text) {
  const opened& errors = at(output_stream::err);
  check(files_.truncate(errors.file, 0), "write", errors.path);
  check(files_.write(errors.file, 0, std::as_bytes(std::span(text))), "write", errors.path);
}

void slot_output::keep(std::uint64_t id) {
  keep(id, output_stream::out);
  keep(id, output_stream::err);
}

void slot_output::keep(std::uint64_t id, output_stream stream) {
  opened& written = at(stream);
  std::uint64_t bytes = 0;
  check(files_.size(written.file, bytes), "read the size of", written.path);
  if (bytes == 0) return;
  const std::string folder = directory_.folder_of(id);
  check(files_.make_directory(space, folder), "make", folder);
  const std::string kept = directory_.output_file(id, stream);
  check(files_.rename(space, written.path, kept), "make", kept);
  files_.close(written.file);
  written.file = file_id::none;
}

}  // namespace weft::farm
