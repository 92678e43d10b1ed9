// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include "ring.hpp"
#include "smallbank.hpp"
#include "tpcc.hpp"
#include "transfer.hpp"
#include "ycsb.hpp"

namespace weft::bank {

std::unique_ptr<workload> make_workload(context& ctx, const bank_options& options) {
  if (options.workload == "transfer") return std::make_unique<transfer>(ctx, options);
  if (options.workload == "ycsb") return std::make_unique<ycsb>(ctx, options);
  if (options.workload == "ring") return std::make_unique<ring>(ctx, options);
  if (options.workload == "tpcc") return std::make_unique<tpcc>(ctx, options);
  return std::make_unique<smallbank>(ctx, options);
}

}  // namespace weft::bank
