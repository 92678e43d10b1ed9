// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/variable_parts.hpp>

#include <limits>

#include <weft/core/error.hpp>

namespace weft::detail {

int checked_count(std::size_t items) {
  if (items > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw usage_error("a collective of values of different sizes can move at most 2^31 - 1 elements per rank");
  return static_cast<int>(items);
}

void variable_parts::end_part() {
  const std::size_t end = data.size() / item_bytes_;
  const std::size_t begin =
      counts.empty() ? 0 : static_cast<std::size_t>(places.back()) + static_cast<std::size_t>(counts.back());
  places.push_back(checked_count(begin));
  counts.push_back(checked_count(end - begin));
}

void variable_parts::make_room() {
  std::size_t items = 0;
  places.clear();
  places.reserve(counts.size());
  for (int count : counts) {
    places.push_back(checked_count(items));
    items += static_cast<std::size_t>(count);
  }
  data.resize(items * item_bytes_);
}

}  // namespace weft::detail
