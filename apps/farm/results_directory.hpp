// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include <weft/world/host.hpp>
#include <weft/world/storage.hpp>

namespace weft::farm {

/// The names in a results directory. It belongs to one batch:
///
///     DIR/results.jsonl           one line per task that has ended, in the order in which they ended
///     DIR/output/12/12345.out     what task 12345 wrote to its standard output; .err: to its standard error.
///                                 One folder per 1,000 ids. A task that wrote nothing has no file.
///     DIR/output/.rank3-slot0.out what the task that runs there now has written so far
class results_directory {
 public:
  explicit results_directory(std::string path) : path_(std::move(path)) {}

  const std::string& path() const noexcept { return path_; }
  std::string results_file() const { return path_ + "/results.jsonl"; }
  std::string output_folder() const { return path_ + "/output"; }
  std::string folder_of(std::uint64_t id) const { return output_folder() + "/" + std::to_string(id / ids_per_folder); }
  std::string output_file(std::uint64_t id, output_stream stream) const {
    return folder_of(id) + "/" + std::to_string(id) + ending(stream);
  }
  std::string running_file(int rank, int slot, output_stream stream) const {
    return output_folder() + "/.rank" + std::to_string(rank) + "-slot" + std::to_string(slot) + ending(stream);
  }

 private:
  static constexpr std::uint64_t ids_per_folder = 1000;
  static const char* ending(output_stream stream) noexcept { return stream == output_stream::out ? ".out" : ".err"; }

  std::string path_;
};

/// Makes the directory and, if asked, removes what an earlier batch left in it (nothing else). One rank, before the
/// others use it. Throws `usage_error` if it holds results of a batch that may not be overwritten, or cannot be made.
void prepare(storage& files, const results_directory& directory, bool overwrite);

/// The file among those of a task's output that says most about a failure: its errors, else its output, else "".
std::string most_telling_output(storage& files, const results_directory& directory, std::uint64_t id);

}  // namespace weft::farm
