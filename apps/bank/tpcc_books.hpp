// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tpcc_rows.hpp"

namespace weft::bank::tpc {

/// What the rows of the warehouses of one rank sum up to, held against the consistency conditions of the standard's clause
/// 3.3.2 that concern the tables kept here.
class books {
 public:
  void add(const row_key& key, const row& value);

  /// How many warehouses or districts break each of `conditions()`, then the customers' balances plus what they have paid.
  std::vector<std::int64_t> sums() const;
  static const std::vector<const char*>& conditions();
  /// The `sums()` of all ranks, added up, as a text: what is wrong, or nothing.
  static std::string judge(const std::vector<std::int64_t>& of_all);

 private:
  struct district_book {
    district row;
    std::uint32_t last_order = 0;
    std::uint32_t first_new = 0xffff'ffffu, last_new = 0, new_orders = 0;
    std::int64_t lines_ordered = 0, lines = 0;
    std::int64_t paid = 0;
  };
  struct warehouse_book {
    warehouse row;
    std::array<district_book, districts> in;
  };
  std::map<std::uint32_t, warehouse_book> all_;
  std::int64_t owed_ = 0;
};

}  // namespace weft::bank::tpc
