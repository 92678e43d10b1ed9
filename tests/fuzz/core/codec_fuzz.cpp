// SPDX-License-Identifier: BSL-1.0
// libFuzzer driver: any bytes decode to a value or a decode_error, and a value that was decoded can be sent again.
#include <weft/core/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace {

struct tree {
  int value = 0;
  bool marked = false;
  std::vector<tree> children;
};

struct versioned {
  std::vector<std::optional<double>> values;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& values;
  }
};

struct everything {
  std::string text;
  std::vector<double> numbers;
  std::vector<bool> bits;
  std::map<std::string, int> table;
  std::unordered_map<int, std::vector<std::string>> groups;
  std::multiset<int> keys;
  std::list<std::pair<int, bool>> pairs;
  std::forward_list<std::u16string> wide;
  std::optional<std::variant<std::monostate, int, std::string>> choice;
  std::unique_ptr<versioned> owned;
  tree root;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  everything value;
  try {
    weft::reader in(std::as_bytes(std::span(data, size)));
    weft::decode(in, value);
  } catch (const weft::decode_error&) {
    return 0;
  }
  weft::byte_buffer again;
  weft::encode(again, value);
  weft::reader in(again.bytes());
  everything copy;
  weft::decode(in, copy);  // an exception here is a finding
  if (in.remaining() != 0) std::abort();
  return 0;
}
