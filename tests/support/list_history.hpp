// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::testing {

/// What a transaction did to one key, whose value is a list: appended a number that nobody else appends, or read it.
struct list_operation {
  int key = 0;
  bool is_append = false;
  std::int64_t appended = 0;
  std::vector<std::int64_t> read;
};

/// One transaction as its client saw it.
struct list_transaction {
  std::vector<list_operation> operations;
  std::int64_t start = 0;  ///< any clock that all clients share
  std::int64_t end = 0;
  enum class ending { committed, aborted, unknown } how = ending::committed;  ///< unknown: the answer was lost
};

/// Whether a history is strictly serialisable (Adya, Liskov, O'Neil, "Generalized isolation level definitions", ICDE 2000;
/// by lists that are appended to, as Kingsbury and Alvaro, "Elle", PVLDB 14, 2020). Every key's longest read gives the order
/// of its versions, hence who overwrote, saw, and was overwritten by whom; a circle of such dependences, and of real time,
/// is an anomaly. "" or the anomaly's name and its transactions by place: "G0", "G1a" (aborted read), "G1b" (intermediate
/// read), "G1c", "G-single", "G2", "real time" (serialisable, but not strictly), "internal", "duplicate", "unknown value",
/// "incompatible orders".
std::string find_anomaly(const std::vector<list_transaction>& history);

}  // namespace weft::testing
