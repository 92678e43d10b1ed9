// SPDX-License-Identifier: BSL-1.0
#include "tpcc_books.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace weft::bank::tpc {

void books::add(const row_key& key, const row& value) {
  warehouse_book& of = all_[key.warehouse];
  district_book& in = of.in[key.district];
  switch (key.what) {
    case table::warehouse:
      of.row = std::get<warehouse>(value);
      return;
    case table::district:
      in.row = std::get<district>(value);
      return;
    case table::customer:
      owed_ += std::get<customer>(value).balance;
      return;
    case table::order:
      in.last_order = std::max(in.last_order, key.number);
      in.lines_ordered += std::get<order>(value).lines;
      return;
    case table::new_order:
      in.first_new = std::min(in.first_new, key.number);
      in.last_new = std::max(in.last_new, key.number);
      ++in.new_orders;
      return;
    case table::order_line:
      ++in.lines;
      return;
    case table::history:
      in.paid += std::get<history>(value).amount;
      owed_ += std::get<history>(value).amount;
      return;
    case table::stock:
      return;
  }
}

const std::vector<const char*>& books::conditions() {
  static const std::vector<const char*> all{
      "1 (W_YTD = sum of D_YTD)",
      "2 (D_NEXT_O_ID - 1 = the largest O_ID and NO_O_ID)",
      "3 (the NO_O_IDs have no gap)",
      "4 (sum of O_OL_CNT = number of order lines)",
      "8 (W_YTD = sum of H_AMOUNT)",
      "9 (D_YTD = sum of H_AMOUNT)",
  };
  return all;
}

std::vector<std::int64_t> books::sums() const {
  std::vector<std::int64_t> out(conditions().size() + 1);
  for (const auto& [number, of] : all_) {
    std::int64_t ytd = 0, paid = 0;
    for (const district_book& in : of.in) {
      ytd += in.row.ytd;
      paid += in.paid;
      out[1] += in.row.next_order - 1 != in.last_order || in.last_order != in.last_new;
      out[2] += in.new_orders != 0 && in.last_new - in.first_new + 1 != in.new_orders;
      out[3] += in.lines_ordered != in.lines;
      out[5] += in.row.ytd != in.paid;
    }
    out[0] += of.row.ytd != ytd;
    out[4] += of.row.ytd != paid;
  }
  out.back() = owed_;
  return out;
}

std::string books::judge(const std::vector<std::int64_t>& of_all) {
  for (std::size_t i = 0; i < conditions().size(); ++i) {
    if (of_all[i] != 0) return fmt::format("condition {} does not hold in {} places", conditions()[i], of_all[i]);
  }
  if (of_all.back() == 0) return "";
  return fmt::format("the customers' balances and what they have paid differ by {}", of_all.back());
}

}  // namespace weft::bank::tpc
