// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <map>

#include <CLI/CLI.hpp>

#include <weft/core/error.hpp>

namespace weft::bank {
namespace {

const std::map<std::string, store_durability> durabilities{
    {"none", store_durability::none}, {"written", store_durability::written}, {"synced", store_durability::synced}};
const std::map<std::string, txn::decision_rule> decisions{{"implicit", txn::decision_rule::implicit},
                                                          {"explicit", txn::decision_rule::explicit_record}};
const std::map<std::string, txn::lock_policy> policies{{"wait_die", txn::lock_policy::wait_die},
                                                       {"no_wait", txn::lock_policy::no_wait},
                                                       {"wound_wait", txn::lock_policy::wound_wait},
                                                       {"timeout", txn::lock_policy::timeout}};

}  // namespace

store_options bank_options::store() const {
  store_options made;
  made.name = "bank";
  made.decision = decisions.at(decision);
  made.locks = policies.at(locks);
  made.kept = durabilities.at(durability);
  if (!directory.empty() && made.kept == store_durability::none) made.kept = store_durability::synced;
  made.directory = directory;
  return made;
}

void add_bank_options(CLI::App& program, bank_options& o) {
  program.add_option("--workload", o.workload, "smallbank (default), transfer, ycsb, ring or tpcc")
      ->check(CLI::IsMember({"smallbank", "transfer", "ycsb", "ring", "tpcc"}));
  program.add_option("--accounts", o.accounts, "accounts of each rank when the bank is founded (default 100000); tpcc: items")
      ->check(CLI::Range(std::uint64_t{16}, std::uint64_t{100'000'000}));
  program.add_option("--warehouses", o.warehouses, "tpcc: warehouses of each rank when it is founded (default 1)")
      ->check(CLI::Range(1, 1000));
  program.add_option("--clients", o.clients, "clients of each rank, each with one transaction at a time (default 16)")
      ->check(CLI::Range(1, 100'000));
  program.add_option("--seconds", o.seconds, "how long (default 3)")->check(CLI::Range(0.01, 1e6));
  program.add_option("--transactions", o.transactions, "instead: how many of each client");
  program.add_option("--multi", o.multi, "percent of the transactions that touch another rank (default 10; tpcc: what the\nstandard says, 1 percent of the order lines and 15 of the payments)")
      ->check(CLI::Range(0, 100));
  program.add_option("--theta", o.theta, "Zipf's exponent of the accounts, 0 for none (default: ycsb 0.6; smallbank and tpcc\nhave distributions of their own)")->check(CLI::Range(0.0, 0.99));
  program.add_option("--seed", o.seed, "of the clients' choices (default 1)");
  program.add_flag("--conserving", o.conserving, "smallbank: SendPayment and Amalgamate only, so the sum is constant");
  program.add_flag("--calls", o.calls, "transfer: by functions that run at the data, instead of get and put");
  program.add_option("--durability", o.durability, "none (default), written or synced; needs --resume")
      ->check(CLI::IsMember(durabilities));
  program.add_option("--decision", o.decision, "implicit (default) or explicit")->check(CLI::IsMember(decisions));
  program.add_option("--locks", o.locks, "wait_die (default), no_wait, wound_wait or timeout")
      ->check(CLI::IsMember(policies));
  program.add_option("--resume", o.directory, "keep the bank in DIR (synced), and go on with what is there")
      ->type_name("DIR");
}

void check(const bank_options& options) {
  if (options.directory.empty() && options.durability != "none")
    throw usage_error("--durability " + options.durability + " needs a place for the journals: --resume DIR");
}

}  // namespace weft::bank
