// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <weft/world/storage.hpp>

namespace weft::farm {

/// The names in a results directory. It belongs to one batch:
///
///     DIR/results.jsonl        one line for each task that is done or has failed, in the order in which they ended
///     DIR/tasks.jsonl          the task list as it was understood
///     DIR/journal/             what has happened for certain; this decides
///     DIR/output/NODE.log      what the tasks that ran on that node wrote, and NODE.index where to find it
///     DIR/timeline.svg         if it was asked for
class results_directory {
 public:
  explicit results_directory(std::string path) : path_(std::move(path)) {}

  const std::string& path() const noexcept { return path_; }
  std::string results_file() const { return path_ + "/results.jsonl"; }
  std::string tasks_file() const { return path_ + "/tasks.jsonl"; }
  std::string journal_folder() const { return path_ + "/journal"; }
  std::string lock_file() const { return journal_folder() + "/lock"; }
  std::string output_folder() const { return path_ + "/output"; }
  std::string plot_file() const { return path_ + "/timeline.svg"; }
  /// The output log of a node, without its endings.
  std::string output_of_node(std::string_view node) const;

 private:
  std::string path_;
};

/// What a directory holds before a batch begins in it.
enum class directory_content : std::uint8_t {
  nothing,  ///< of ours
  batch,    ///< with a journal: it can be resumed
  results,  ///< without a journal
};
directory_content look_into(storage& files, const results_directory& directory);

/// Makes the directory and, if asked, removes what an earlier batch left in it (nothing else). One rank, before the
/// others use it. Throws `usage_error` if it holds results that may not be overwritten, or cannot be made.
void prepare(storage& files, const results_directory& directory, bool overwrite);

}  // namespace weft::farm
