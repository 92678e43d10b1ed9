// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <weft/txn/options.hpp>

namespace CLI {
class App;
}

namespace weft::bank {

/// What the command line says.
struct bank_options {
  std::string workload = "smallbank";
  std::uint64_t accounts = 100'000;  ///< of each rank, when the store is filled
  int clients = 16;                  ///< of each rank
  double seconds = 3;
  std::uint64_t transactions = 0;  ///< of each client; 0: by time
  std::optional<int> multi;        ///< percent of the transactions that touch another rank
  std::optional<double> theta;     ///< Zipf's
  std::uint32_t warehouses = 1;    ///< tpcc: of each rank, when it is founded
  std::uint64_t seed = 1;
  bool conserving = false;  ///< smallbank: only what keeps the sum
  bool calls = false;       ///< transfer: by functions at the data
  std::string durability = "none";
  std::string decision = "implicit";
  std::string locks = "wait_die";
  std::string directory;  ///< --resume

  /// What the store is made with. `directory` must live as long.
  store_options store() const;
};

void add_bank_options(CLI::App& program, bank_options& options);
/// Throws `usage_error` for what no option refuses by itself.
void check(const bank_options& options);

}  // namespace weft::bank
