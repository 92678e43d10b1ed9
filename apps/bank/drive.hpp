// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/txn/store.hpp>
#include <weft/weft.hpp>

#include "options.hpp"
#include "report.hpp"

namespace weft::bank {

/// Collective: opens the bank, has its clients transact, and audits it. The same report on all ranks.
task<bank_report> drive(context& ctx, const bank_options& options);

}  // namespace weft::bank
