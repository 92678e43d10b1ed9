// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weft/core/bytes.hpp>
#include <weft/txn/protocol.hpp>
#include <weft/txn/transaction_id.hpp>

namespace weft::txn {

/// Types of the records in a transaction journal; 0x0001 ... 0x000f are the protocol's.
inline constexpr std::uint16_t protocol_record_type = 1;

/// One record of the protocol, as it stands in a journal: a head of 32 bytes (docs/design/transactions.md), the voters
/// with 4 bytes each, and the redo, which is the resource's own.
struct record {
  transaction_id id;
  record_kind kind = record_kind::prepared;
  bool is_listed = false;             ///< `prepared` under the implicit rule: all `voters` together are the decision
  bool is_alone = false;              ///< `committed` without a `prepared` before it
  bool is_applied = false;            ///< `committed`, in a snapshot that has the writes already: there is no redo
  std::uint32_t resource = 0;         ///< the participant's number among those of its rank
  std::vector<std::uint32_t> voters;  ///< ranks of this epoch, ascending
};

/// Replaces the content of `head` by the record, without its redo: the journal takes both as one payload.
void encode(byte_buffer& head, const record& what);

struct decoded_record {
  record head;
  std::span<const std::byte> redo;  ///< lies in the bytes that were decoded
};
/// Throws `decode_error` for anything that `encode` does not make.
decoded_record decode_record(std::span<const std::byte> payload);

}  // namespace weft::txn
