// SPDX-License-Identifier: BSL-1.0
#include "output_reader.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <sstream>

#include <weft/core/error.hpp>
#include <weft/posix/output_log.hpp>

#include "text_file.hpp"

namespace weft::farm {
namespace detail {

using posix::output_frame;

log_file::log_file(storage& files, const std::string& path) : files_(files), path_(path) {
  if (!files.open(file_space::shared, path, open_mode::read_only, file_)) throw error("cannot read '" + path + "'");
}

bool log_file::get(std::uint64_t offset, void* to, std::size_t bytes) {
  std::size_t read = 0;
  const std::span<std::byte> room(static_cast<std::byte*>(to), bytes);
  return files_.read(file_, offset, room, read) && read == bytes;
}

std::string_view log_file::read(std::uint64_t offset, output_stream& stream) {
  output_frame head;
  bool is_whole = get(offset, &head, sizeof head) && head.magic == output_frame::magic_number;
  if (is_whole) {
    piece_.resize(head.length);
    is_whole = get(offset + sizeof head, piece_.data(), piece_.size()) &&
               checksum_of(head, std::as_bytes(std::span(piece_))) == head.checksum;
  }
  if (!is_whole) throw error("'" + path_ + "' is damaged at offset " + std::to_string(offset));
  stream = head.stream == 1 ? output_stream::out : output_stream::err;
  return piece_;
}

std::vector<std::uint64_t> log_file::chain(std::uint64_t last, std::uint64_t task) {
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t at = last; at != output_frame::none;) {
    output_frame head;
    const bool fits = get(at, &head, sizeof head) && head.magic == output_frame::magic_number && head.task == task &&
                      (head.previous == output_frame::none || head.previous < at);
    if (!fits) throw error("'" + path_ + "' is damaged at offset " + std::to_string(at));
    offsets.push_back(at);
    at = head.previous;
  }
  std::reverse(offsets.begin(), offsets.end());
  return offsets;
}

/// A write that was cut off by a kill is passed over: the next frame begins with the magic number again.
std::optional<std::uint64_t> log_file::search(std::uint64_t task, std::uint32_t& attempt) {
  std::optional<std::uint64_t> found;
  output_frame head;
  for (std::uint64_t at = 0; get(at, &head, sizeof head);) {
    output_stream stream{};
    bool is_frame = head.magic == output_frame::magic_number;
    if (is_frame && head.task == task) {
      try {
        read(at, stream);
        if (head.attempt >= attempt) found = at;
        attempt = std::max(attempt, head.attempt);
      } catch (const error&) {
        is_frame = false;
      }
    }
    at += is_frame ? sizeof head + head.length : 1;
  }
  return found;
}

}  // namespace detail

namespace {

std::vector<std::string> logs_in(storage& files, const results_directory& directory) {
  std::vector<directory_entry> entries;
  std::vector<std::string> logs;
  if (!files.list(file_space::shared, directory.output_folder(), entries)) return logs;
  for (const directory_entry& entry : entries) {
    if (entry.name.ends_with(".log")) logs.push_back(directory.output_folder() + "/" + entry.name);
  }
  return logs;
}

std::string index_of(const std::string& log) { return log.substr(0, log.size() - 4) + ".index"; }

void look_into_index(storage& files, const std::string& log, std::uint64_t task, std::optional<found_output>& best,
                     std::uint64_t& last) {
  if (!file_exists(files, index_of(log))) return;
  std::istringstream lines(read_text_file(files, index_of(log), "the index"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t id = 0;
    std::string place;
    found_output entry;
    if (!(words >> id >> entry.attempt >> place >> entry.bytes[0] >> entry.bytes[1] >> entry.cut) || id != task)
      continue;
    if (best && entry.attempt < best->attempt) continue;
    entry.log = log;
    entry.is_complete = true;
    last = place == "-" ? posix::output_frame::none : std::stoull(place);
    best = entry;
  }
}

}  // namespace

std::optional<found_output> find_output(storage& files, const results_directory& directory, std::uint64_t task) {
  std::optional<found_output> best;
  std::uint64_t last = posix::output_frame::none;
  const std::vector<std::string> logs = logs_in(files, directory);
  for (const std::string& log : logs) look_into_index(files, log, task, best, last);
  for (const std::string& log : logs) {
    if (best) break;
    found_output running;
    const auto found = detail::log_file(files, log).search(task, running.attempt);
    if (!found) continue;
    last = *found;
    running.log = log;
    best = running;
  }
  if (best && last != posix::output_frame::none) best->frames = detail::log_file(files, best->log).chain(last, task);
  return best;
}

std::string output_text(storage& files, const results_directory& directory, std::uint64_t task, output_stream stream) {
  std::string text;
  const auto found = find_output(files, directory, task);
  const auto take = [&](output_stream from, std::string_view piece) {
    if (from == stream) text += piece;
  };
  if (found) read_output(files, *found, take);
  return text;
}

}  // namespace weft::farm
