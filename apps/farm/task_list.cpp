// SPDX-License-Identifier: BSL-1.0
#include "task_list.hpp"

#include <utility>

#include <weft/core/error.hpp>

#include "task_graph.hpp"
#include "task_json.hpp"
#include "text_file.hpp"

namespace weft::farm {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // some editors put it before UTF-8

}  // namespace

task_parser::task_parser(std::string name) : name_(std::move(name)) {
  if (name_.ends_with(".jsonl") || name_.ends_with(".ndjson")) form_ = form::objects;
}

void task_parser::add(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) {
    throw usage_error("line " + std::to_string(number_) + " of the task list '" + name_ +
                      "' holds a NUL byte; is it a text file?");
  }
  if (form_ == form::unknown) {
    const std::string_view text = line.substr(line.find_first_not_of(blanks));
    form_ = text.starts_with("{\"") ? form::objects : form::commands;
  }
  if (form_ == form::commands) {
    tasks_.push_back({number_, std::string(line)});
    return;
  }
  try {
    tasks_.push_back(parse_task_json(line));
    tasks_.back().id = number_;
  } catch (const usage_error& wrong) {
    throw usage_error("line " + std::to_string(number_) + " of the task list '" + name_ + "': " + wrong.what());
  }
}

void task_parser::end_line() {
  std::string_view line = line_;
  if (number_ == 1 && line.substr(0, byte_order_mark.size()) == byte_order_mark) {
    line.remove_prefix(byte_order_mark.size());
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const auto start = line.find_first_not_of(blanks);
  if (start != std::string_view::npos && line[start] != '#') add(line);
  line_.clear();
  ++number_;
}

void task_parser::feed(std::string_view piece) {
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    line_.append(piece.substr(0, end));
    piece.remove_prefix(end + 1);
    end_line();
  }
  line_.append(piece);
}

std::vector<task> task_parser::finish() {
  if (!line_.empty()) end_line();
  link(tasks_, name_);
  return std::move(tasks_);
}

std::vector<task> read_task_list(storage& files, const std::string& path) {
  task_parser parser(path);
  const auto take = [&](std::string_view piece) { parser.feed(piece); };
  read_pieces(files, path, "the task list", take);
  return parser.finish();
}

}  // namespace weft::farm
