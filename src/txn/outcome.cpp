// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/outcome.hpp>

namespace weft {

transaction_conflict::transaction_conflict(source_location where)
    : error("this transaction met another one and is over; begin it again, with the same age" + describe(where),
            where) {}

not_found::not_found(source_location where)
    : error("transaction::at: there is no such key; `get` says so without an exception" + describe(where), where) {}

}  // namespace weft
