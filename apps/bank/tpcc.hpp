// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "tpcc_books.hpp"
#include "tpcc_rows.hpp"
#include "workload.hpp"
#include "zipf.hpp"

namespace weft::bank {

/// The two transactions that make up most of TPC-C (standard specification, revision 5.11, clauses 2.4 and 2.5), New-Order
/// and Payment, 51 to 49. A warehouse with all its rows lies on one rank. Left out: the customer's last name (60 % of the
/// standard's payments look for it), columns that only fill space, and orders that were there before; items are the same
/// on all ranks and are not stored.
class tpcc final : public stored_workload<tpc::row_key, tpc::row> {
 public:
  tpcc(context& ctx, const bank_options& options);
  std::vector<std::string> types() const override { return {"New-Order", "Payment"}; }
  task<finished> transact(random_source& random) override;
  task<std::string> audit() override;

 private:
  enum type : std::size_t { ordering, payment };
  struct line {
    std::uint32_t item = 0;
    std::uint32_t supplier = 0;
    std::int64_t quantity = 0;
  };
  struct order_plan {
    std::uint32_t warehouse = 0;
    std::uint8_t district = 0;
    std::uint32_t customer = 0;
    std::vector<line> lines;
    bool names_no_item = false;  ///< the last line: the order is refused
  };
  struct payment_plan {
    std::uint32_t warehouse = 0;
    std::uint8_t district = 0;
    std::uint32_t customer_warehouse = 0;
    std::uint8_t customer_district = 0;
    std::uint32_t customer = 0;
    std::int64_t amount = 0;
  };

  std::vector<std::pair<tpc::row_key, tpc::row>> first_rows() const override;
  task<> opened() override;
  std::uint32_t draw_home(random_source& random) const;
  std::uint32_t draw_other(random_source& random, std::uint32_t than) const;
  std::uint32_t draw_customer(random_source& random) const;
  std::uint32_t draw_item(random_source& random) const;
  order_plan draw_order(random_source& random) const;
  payment_plan draw_payment(random_source& random) const;
  bool goes_to_other(random_source& random, std::uint64_t standard_percent) const;
  task<finished> order(const order_plan& plan);
  task<finished> pay(const payment_plan& plan);
  static void take_from_stock(tpc::stock& of, const line& what, bool is_remote);

  std::vector<std::uint32_t> home_, all_;  ///< warehouses on this rank, on all ranks
  std::uint32_t items_ = 0;
  zipf customers_{1, 0}, items_drawn_{1, 0};
};

}  // namespace weft::bank
