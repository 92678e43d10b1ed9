// SPDX-License-Identifier: BSL-1.0
#include "dump.hpp"

#include <fstream>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include <weft/core/codec.hpp>
#include <weft/core/error.hpp>
#include <weft/txn/entries.hpp>
#include <weft/txn/replay.hpp>

#include "store_files.hpp"

namespace weft::txn_app {
namespace {

using nlohmann::json;

constexpr std::size_t keys_in_a_record = 1000;

std::string hex_of(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string bytes_of(const std::string& hex) {
  const auto digit = [&](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw usage_error("'" + hex + "' is not hexadecimal");
  };
  if (hex.size() % 2 != 0) throw usage_error("'" + hex + "' is not hexadecimal");
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  return bytes;
}

txn::entries read_lines(std::istream& lines) {
  txn::entries all;
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const json pair = json::parse(line, nullptr, false);
    const bool is_pair = pair.is_object() && pair.contains("key") && pair.contains("value") && pair["key"].is_string() &&
                         pair["value"].is_string();
    if (!is_pair) throw usage_error(fmt::format("line {} is no key with its value", number));
    all.keys.push_back(bytes_of(pair["key"].get<std::string>()));
    all.values.emplace_back(bytes_of(pair["value"].get<std::string>()));
  }
  return all;
}

void write_cells(const txn::entries& all, journal& to) {
  for (std::size_t from = 0; from < all.keys.size(); from += keys_in_a_record) {
    const auto first = static_cast<std::ptrdiff_t>(from);
    const auto last = static_cast<std::ptrdiff_t>(std::min(all.keys.size(), from + keys_in_a_record));
    txn::entries some;
    some.keys.assign(all.keys.begin() + first, all.keys.begin() + last);
    some.values.assign(all.values.begin() + first, all.values.begin() + last);
    byte_buffer bytes;
    encode(bytes, some);
    to.append(txn::cells_record_type, bytes.bytes());
  }
}

bool has_store(storage& files, const std::string& directory) {
  file_id file = file_id::none;
  if (!files.open(file_space::shared, directory + "/epoch", open_mode::read_only, file)) return false;
  files.close(file);
  return true;
}

}  // namespace

json dump(storage& files, const std::string& directory, const std::string& file) {
  store_files store = read_store(files, directory);
  std::ofstream opened;
  if (!file.empty()) opened.open(file);
  std::ostream& out = file.empty() ? std::cout : opened;
  std::size_t count = 0;
  for (const auto& [key, value] : contents_of(store)) {
    out << json{{"key", hex_of(key)}, {"value", hex_of(value)}}.dump() << "\n";
    ++count;
  }
  if (!out.flush()) throw environment_error("cannot write '" + file + "'");
  return {{"keys", count}};
}

json load(storage& files, const std::string& directory, const std::string& file) {
  if (has_store(files, directory)) throw usage_error("there is a store in '" + directory + "' already");
  std::ifstream opened;
  if (!file.empty()) opened.open(file);
  if (!file.empty() && !opened) throw usage_error("cannot read '" + file + "'");
  const txn::entries all = read_lines(file.empty() ? std::cin : opened);
  rewrite_store(
      files, directory, damage_policy::refuse, [](store_files&) { return 1u; },
      [&](std::uint32_t, journal& to) { write_cells(all, to); });
  std::cout << fmt::format("{} keys in '{}'\n", all.keys.size(), directory);
  return {{"keys", all.keys.size()}};
}

}  // namespace weft::txn_app
