// SPDX-License-Identifier: BSL-1.0
#include "results_directory.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <system_error>
#include <vector>

#include <weft/core/error.hpp>
#include <weft/journal/format.hpp>

#include "text_file.hpp"

namespace weft::farm {
namespace {

constexpr auto space = file_space::shared;

[[noreturn]] void refuse(const std::string& what, const std::string& path, storage_result why) {
  throw usage_error("cannot " + what + " '" + path + "': " + std::generic_category().message(why.code) +
                    "; choose another results directory with --results DIR");
}

void remove(storage& files, const std::string& path) {
  const auto result = files.remove(space, path);
  if (!result && result.status != storage_status::missing) refuse("remove", path, result);
}

/// Removes the files that are ours by their names, and the folder if nothing is left; strangers stay.
template <class IsOurs>
void remove_ours(storage& files, const std::string& folder, IsOurs&& is_ours) {
  std::vector<directory_entry> entries;
  if (!files.list(space, folder, entries)) return;
  for (const directory_entry& entry : entries) {
    if (!entry.is_directory && is_ours(entry.name)) remove(files, folder + "/" + entry.name);
  }
}

bool is_output_name(std::string_view name) { return name.ends_with(".log") || name.ends_with(".index"); }

/// The epoch file goes last of all that matters: without it and with journals the folder would count as damaged.
void remove_journal(storage& files, const std::string& folder) {
  const auto is_segment = [](std::string_view name) { return journal_format::parse_file_name(name).has_value(); };
  const auto is_other = [](std::string_view name) {
    return name == "lock" || name == "claim.lock" || name.starts_with("epoch") || name.starts_with("claim");
  };
  remove_ours(files, folder, is_segment);
  remove_ours(files, folder, is_other);
  static_cast<void>(files.remove(space, folder));
}

}  // namespace

std::string results_directory::output_of_node(std::string_view node) const {
  std::string name(node.empty() ? "node" : node);
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !fits(static_cast<unsigned char>(c)); }, '_');
  return output_folder() + "/" + name;
}

directory_content look_into(storage& files, const results_directory& directory) {
  std::vector<directory_entry> entries;
  if (file_exists(files, directory.tasks_file()) && files.list(space, directory.journal_folder(), entries)) {
    return directory_content::batch;
  }
  return file_exists(files, directory.results_file()) ? directory_content::results : directory_content::nothing;
}

void prepare(storage& files, const results_directory& directory, bool overwrite) {
  const std::string results = directory.results_file();
  if (!overwrite && file_exists(files, results)) {
    throw usage_error("'" + directory.path() + "' already holds the results of a batch (" + results +
                      "); choose another directory with --results DIR, or replace them with --overwrite");
  }
  const std::string outputs = directory.output_folder();
  if (const auto made = files.make_directory(space, outputs); !made) refuse("make", outputs, made);
  if (!overwrite) return;
  remove(files, results);
  remove(files, directory.tasks_file());
  remove(files, directory.plot_file());
  remove_journal(files, directory.journal_folder());
  remove_ours(files, outputs, is_output_name);
}

}  // namespace weft::farm
