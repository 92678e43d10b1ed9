// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <variant>

namespace weft::bank::tpc {

// The standard's numbers, but for those that an option sets. Amounts are in cents, taxes in hundredths of a percent.
inline constexpr std::uint8_t districts = 10;
inline constexpr std::uint32_t customers = 3000;  ///< of a district
inline constexpr std::int64_t first_stock = 50;

enum class table : std::uint8_t { warehouse, district, customer, order, new_order, order_line, stock, history };

/// The warehouse comes first: a store places rows by it.
struct row_key {
  std::uint32_t warehouse = 0;
  table what = table::warehouse;
  std::uint8_t district = 0;
  std::uint16_t line = 0;    ///< of an order
  std::uint32_t number = 0;  ///< of the customer, order, item or payment
};

struct warehouse {
  std::int64_t tax = 0;
  std::int64_t ytd = 0;
};
struct district {
  std::int64_t tax = 0;
  std::int64_t ytd = 0;
  std::uint32_t next_order = 1;
  std::uint32_t payments = 0;  ///< the number of the next row of the history, which has no key of its own
};
struct customer {
  std::int64_t discount = 0;
  std::int64_t balance = 0;
  std::int64_t paid = 0;
  std::uint32_t payments = 0;
};
struct order {
  std::uint32_t customer = 0;
  std::uint32_t lines = 0;
  std::int64_t total = 0;
};
/// An order that is not delivered yet.
struct new_order {
  std::uint32_t customer = 0;
};
struct order_line {
  std::uint32_t item = 0;
  std::uint32_t supplier = 0;  ///< warehouse
  std::int64_t quantity = 0;
  std::int64_t amount = 0;
};
struct stock {
  std::int64_t quantity = first_stock;
  std::int64_t ytd = 0;
  std::uint32_t orders = 0;
  std::uint32_t remote_orders = 0;
};
struct history {
  std::uint32_t warehouse = 0;  ///< the customer's
  std::uint32_t district = 0;
  std::uint32_t customer = 0;
  std::int64_t amount = 0;
};
using row = std::variant<warehouse, district, customer, order, new_order, order_line, stock, history>;

inline row_key warehouse_key(std::uint32_t w) { return {w, table::warehouse, 0, 0, 0}; }
inline row_key district_key(std::uint32_t w, std::uint8_t d) { return {w, table::district, d, 0, 0}; }
inline row_key customer_key(std::uint32_t w, std::uint8_t d, std::uint32_t c) { return {w, table::customer, d, 0, c}; }
inline row_key order_key(std::uint32_t w, std::uint8_t d, std::uint32_t o) { return {w, table::order, d, 0, o}; }
inline row_key new_order_key(std::uint32_t w, std::uint8_t d, std::uint32_t o) { return {w, table::new_order, d, 0, o}; }
inline row_key line_key(std::uint32_t w, std::uint8_t d, std::uint32_t o, std::uint16_t line) {
  return {w, table::order_line, d, line, o};
}
inline row_key stock_key(std::uint32_t w, std::uint32_t item) { return {w, table::stock, 0, 0, item}; }
inline row_key history_key(std::uint32_t w, std::uint8_t d, std::uint32_t h) { return {w, table::history, d, 0, h}; }

}  // namespace weft::bank::tpc
