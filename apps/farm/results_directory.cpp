// SPDX-License-Identifier: BSL-1.0
#include "results_directory.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <vector>

#include <weft/core/error.hpp>

namespace weft::farm {
namespace {

constexpr auto space = file_space::shared;

[[noreturn]] void refuse(const std::string& what, const std::string& path, storage_result why) {
  throw usage_error("cannot " + what + " '" + path + "': " + std::generic_category().message(why.code) +
                    "; choose another results directory with --results DIR");
}

bool exists(storage& files, const std::string& path) {
  file_id file = file_id::none;
  if (!files.open(space, path, open_mode::read_only, file)) return false;
  files.close(file);
  return true;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_output_name(std::string_view name) {
  if (!name.ends_with(".out") && !name.ends_with(".err")) return false;
  return name.starts_with(".rank") || is_number(name.substr(0, name.size() - 4));
}

void remove(storage& files, const std::string& path) {
  const auto result = files.remove(space, path);
  if (!result && result.status != storage_status::missing) refuse("remove", path, result);
}

/// Removes output files, and the folders of ids with them; strangers stay.
void remove_outputs(storage& files, const std::string& folder) {
  std::vector<directory_entry> entries;
  if (!files.list(space, folder, entries)) return;
  for (const directory_entry& entry : entries) {
    const std::string path = folder + "/" + entry.name;
    if (entry.is_directory && is_number(entry.name)) {
      remove_outputs(files, path);
      files.remove(space, path);  // stays if a stranger is in it
    } else if (!entry.is_directory && is_output_name(entry.name)) {
      remove(files, path);
    }
  }
}

}  // namespace

void prepare(storage& files, const results_directory& directory, bool overwrite) {
  const std::string results = directory.results_file();
  if (!overwrite && exists(files, results)) {
    throw usage_error("'" + directory.path() + "' already holds the results of a batch (" + results +
                      "); choose another directory with --results DIR, or replace them with --overwrite");
  }
  const std::string outputs = directory.output_folder();
  if (const auto made = files.make_directory(space, outputs); !made) refuse("make", outputs, made);
  if (!overwrite) return;
  remove(files, results);
  remove_outputs(files, outputs);
}

std::string most_telling_output(storage& files, const results_directory& directory, std::uint64_t id) {
  for (const auto stream : {output_stream::err, output_stream::out}) {
    std::string path = directory.output_file(id, stream);
    if (exists(files, path)) return path;
  }
  return {};
}

}  // namespace weft::farm
