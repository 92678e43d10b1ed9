// SPDX-License-Identifier: BSL-1.0
#include "tpcc.hpp"

#include <algorithm>

namespace weft::bank {

using namespace tpc;

namespace {

constexpr std::uint64_t rolled_back_percent = 1;
constexpr std::uint64_t new_order_percent = 51;

std::int64_t price_of(std::uint32_t item) {
  random_source random(item);
  return 100 + static_cast<std::int64_t>(random.below(9901));
}

/// NURand(a, 1, last) of clause 2.1.6, with the constant C = 0.
std::uint32_t non_uniform(random_source& random, std::uint64_t a, std::uint32_t last) {
  const std::uint64_t high = random.below(a + 1);
  const std::uint64_t low = 1 + random.below(last);
  return static_cast<std::uint32_t>((high | low) % last + 1);
}

template <class T>
T row_of(const std::optional<row>& found) {
  return std::get<T>(found.value());
}

}  // namespace

tpcc::tpcc(context& ctx, const bank_options& options)
    : stored_workload(ctx, options, sizeof(row_key::warehouse)), items_(static_cast<std::uint32_t>(options.accounts)) {}

std::vector<std::pair<row_key, row>> tpcc::first_rows() const {
  std::vector<std::pair<row_key, row>> rows;
  // The numbers that are placed here: every rank has as many warehouses.
  for (std::uint32_t w = 1, found = 0; found < options_.warehouses; ++w) {
    if (rows_.owner(warehouse_key(w)) != ctx_.rank()) continue;
    ++found;
    random_source random(w);
    const auto draw = [&random](std::uint64_t most) { return static_cast<std::int64_t>(random.below(most + 1)); };
    rows.emplace_back(warehouse_key(w), warehouse{draw(2000), 0});
    for (std::uint8_t d = 0; d < districts; ++d) {
      rows.emplace_back(district_key(w, d), district{draw(2000), 0, 1, 0});
      for (std::uint32_t c = 1; c <= customers; ++c) rows.emplace_back(customer_key(w, d, c), customer{draw(5000), 0, 0, 0});
    }
    for (std::uint32_t i = 1; i <= items_; ++i) rows.emplace_back(stock_key(w, i), stock{10 + draw(90), 0, 0, 0});
  }
  return rows;
}

task<> tpcc::opened() {
  std::uint32_t last_item = 0;
  rows_.for_each_local([&](const row_key& key, const row&) {
    if (key.what == table::warehouse) home_.push_back(key.warehouse);
    if (key.what == table::stock) last_item = std::max(last_item, key.number);
  });
  std::sort(home_.begin(), home_.end());
  auto gathering = ctx_.world().iallgather(home_);
  for (const std::vector<std::uint32_t>& part : co_await std::move(gathering))
    all_.insert(all_.end(), part.begin(), part.end());
  auto counting = ctx_.world().iallreduce(last_item, maximum);
  items_ = co_await counting;
  if (home_.empty()) home_ = all_;
  if (!options_.theta) co_return;
  customers_ = zipf(customers, *options_.theta);
  items_drawn_ = zipf(items_, *options_.theta);
}

std::uint32_t tpcc::draw_home(random_source& random) const { return home_[random.below(home_.size())]; }

std::uint32_t tpcc::draw_other(random_source& random, std::uint32_t than) const {
  if (all_.size() == 1) return than;
  for (;;) {
    const std::uint32_t drawn = all_[random.below(all_.size())];
    if (drawn != than) return drawn;
  }
}

std::uint32_t tpcc::draw_customer(random_source& random) const {
  if (options_.theta) return 1 + static_cast<std::uint32_t>(customers_(random));
  return non_uniform(random, 1023, customers);
}

std::uint32_t tpcc::draw_item(random_source& random) const {
  if (options_.theta) return 1 + static_cast<std::uint32_t>(items_drawn_(random));
  return non_uniform(random, 8191, items_);
}

bool tpcc::goes_to_other(random_source& random, std::uint64_t standard_percent) const {
  return random.below(100) < (options_.multi ? static_cast<std::uint64_t>(*options_.multi) : standard_percent);
}

tpcc::order_plan tpcc::draw_order(random_source& random) const {
  order_plan plan;
  plan.warehouse = draw_home(random);
  plan.district = static_cast<std::uint8_t>(random.below(districts));
  plan.customer = draw_customer(random);
  plan.lines.resize(std::min<std::size_t>(5 + random.below(11), items_));
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    const auto is_taken = [&](std::uint32_t item) {
      return std::any_of(plan.lines.begin(), plan.lines.begin() + static_cast<std::ptrdiff_t>(i),
                         [item](const line& l) { return l.item == item; });
    };
    line& made = plan.lines[i];
    do made.item = draw_item(random);
    while (is_taken(made.item));
    made.quantity = 1 + static_cast<std::int64_t>(random.below(10));
    // By the standard each line for itself; with --multi one line of so many orders.
    const bool is_remote = (!options_.multi || i == 0) && goes_to_other(random, 1);
    made.supplier = is_remote ? draw_other(random, plan.warehouse) : plan.warehouse;
  }
  plan.names_no_item = random.below(100) < rolled_back_percent;
  return plan;
}

tpcc::payment_plan tpcc::draw_payment(random_source& random) const {
  payment_plan plan;
  plan.warehouse = draw_home(random);
  plan.district = static_cast<std::uint8_t>(random.below(districts));
  plan.customer_warehouse = goes_to_other(random, 15) ? draw_other(random, plan.warehouse) : plan.warehouse;
  plan.customer_district =
      plan.customer_warehouse == plan.warehouse ? plan.district : static_cast<std::uint8_t>(random.below(districts));
  plan.customer = draw_customer(random);
  plan.amount = 100 + static_cast<std::int64_t>(random.below(499'901));
  return plan;
}

task<finished> tpcc::transact(random_source& random) {
  if (random.below(100) < new_order_percent) {
    const order_plan plan = draw_order(random);
    co_return co_await order(plan);
  }
  const payment_plan plan = draw_payment(random);
  co_return co_await pay(plan);
}

void tpcc::take_from_stock(stock& of, const line& what, bool is_remote) {
  of.quantity -= what.quantity;
  if (of.quantity < 10) of.quantity += 91;
  of.ytd += what.quantity;
  ++of.orders;
  of.remote_orders += is_remote ? 1u : 0u;
}

task<finished> tpcc::order(const order_plan& plan) {
  const std::uint32_t w = plan.warehouse;
  const std::vector<row_key> read{warehouse_key(w), customer_key(w, plan.district, plan.customer)};
  std::vector<row_key> written{district_key(w, plan.district)};
  for (const line& each : plan.lines) written.push_back(stock_key(each.supplier, each.item));

  auto body = [&](transaction_type& tx) -> task<> {
    const auto facts = co_await tx.get_many(read);
    const auto taken = co_await tx.get_many(written, txn::lock_mode::exclusive);
    district in = row_of<district>(taken[0]);
    const std::uint32_t number = in.next_order++;
    tx.put(written[0], in);
    std::int64_t total = 0;
    for (std::size_t i = 0; i < plan.lines.size(); ++i) {
      const line& each = plan.lines[i];
      if (plan.names_no_item && i + 1 == plan.lines.size()) {
        tx.abort();
        co_return;
      }
      stock of = row_of<stock>(taken[i + 1]);
      take_from_stock(of, each, each.supplier != w);
      tx.put(written[i + 1], of);
      const std::int64_t amount = each.quantity * price_of(each.item);
      total += amount;
      tx.put(line_key(w, plan.district, number, static_cast<std::uint16_t>(i)),
             order_line{each.item, each.supplier, each.quantity, amount});
    }
    total = total * (10'000 - row_of<customer>(facts[1]).discount) / 10'000;
    total = total * (10'000 + row_of<warehouse>(facts[0]).tax + in.tax) / 10'000;
    tx.put(order_key(w, plan.district, number),
           tpc::order{plan.customer, static_cast<std::uint32_t>(plan.lines.size()), total});
    tx.put(new_order_key(w, plan.district, number), new_order{plan.customer});
  };
  const transaction_result done = co_await rows_.transact(body);
  co_return finished{ordering, done.attempts, !done};
}

task<finished> tpcc::pay(const payment_plan& plan) {
  const std::vector<row_key> keys{warehouse_key(plan.warehouse), district_key(plan.warehouse, plan.district),
                                  customer_key(plan.customer_warehouse, plan.customer_district, plan.customer)};
  auto body = [&](transaction_type& tx) -> task<> {
    const auto rows = co_await tx.get_many(keys, txn::lock_mode::exclusive);
    warehouse at = row_of<warehouse>(rows[0]);
    district in = row_of<district>(rows[1]);
    customer of = row_of<customer>(rows[2]);
    at.ytd += plan.amount;
    in.ytd += plan.amount;
    of.balance -= plan.amount;
    of.paid += plan.amount;
    ++of.payments;
    tx.put(history_key(plan.warehouse, plan.district, in.payments++),
           history{plan.customer_warehouse, plan.customer_district, plan.customer, plan.amount});
    tx.put(keys[0], at);
    tx.put(keys[1], in);
    tx.put(keys[2], of);
  };
  const transaction_result done = co_await rows_.transact(body);
  co_return finished{payment, done.attempts, !done};
}

task<std::string> tpcc::audit() {
  books mine;
  co_await rows_.snapshot([&mine](const row_key& key, const row& value) { mine.add(key, value); });
  auto adding = ctx_.world().iallreduce(mine.sums(), sum);
  const std::vector<std::int64_t> all = co_await std::move(adding);
  co_return books::judge(all);
}

}  // namespace weft::bank
