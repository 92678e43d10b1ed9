// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "results_directory.hpp"

namespace weft::farm {

/// The files that receive the output of the task in one slot of one rank. All silent tasks of the slot share them; a
/// task that has written something gets them under its own name, and the next task new ones. Making and removing a pair
/// of files for each task would cost a fifth of the time of `true` on a local disk, and far more on a cluster's.
class slot_output {
 public:
  slot_output(storage& files, const results_directory& directory, int rank, int slot);
  ~slot_output();
  slot_output(const slot_output&) = delete;
  slot_output& operator=(const slot_output&) = delete;

  /// For the next task: makes the files if they are not there. Throws `error` if they cannot be made.
  void open();
  const std::string& file(output_stream stream) const noexcept { return at(stream).path; }
  /// No task could be started: says why in its place.
  void write_error(const std::string& text);
  /// The task has ended: what it wrote becomes its own files. Throws `error`.
  void keep(std::uint64_t id);

 private:
  struct opened {
    std::string path;
    file_id file = file_id::none;
  };
  const opened& at(output_stream stream) const noexcept { return streams_[stream == output_stream::out ? 0 : 1]; }
  opened& at(output_stream stream) noexcept { return streams_[stream == output_stream::out ? 0 : 1]; }
  void keep(std::uint64_t id, output_stream stream);

  storage& files_;
  const results_directory& directory_;
  std::array<opened, 2> streams_;
};

}  // namespace weft::farm
