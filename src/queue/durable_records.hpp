// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <weft/queue/durable_ledger.hpp>

/// The records of a durable queue in its journal, as docs/design/durable_queue.md specifies them.
namespace weft::detail::durable_format {

inline constexpr std::uint16_t items_type = 1;     ///< items that were put together: all of them or none
inline constexpr std::uint16_t done_type = 2;      ///< the items named are acknowledged
inline constexpr std::uint16_t released_type = 3;  ///< the items named may be handed out

inline constexpr std::uint16_t total_type = 4;  ///< of a snapshot: how many items were put before

inline constexpr std::size_t item_head_bytes = 28;
/// Epoch and writer of the ids, then their numbers.
inline constexpr std::size_t ids_head_bytes = 8;

/// Appends the item to the payload of a record, without its submission.
void encode(const durable_record& item, byte_buffer& out);
/// The next item of a record: everything but the home, which whoever reads it becomes. Takes it off `in`; none if the
/// bytes are no item.
std::optional<durable_record> decode_item(std::span<const std::byte>& in);

/// Appends records of that type that name all `ids`, which are sorted in passing.
void append_ids(journal& to, std::uint16_t type, std::span<durable_id> ids, std::vector<std::uint64_t>& scratch);

/// Calls `visit(durable_id)` for each id of such a record; false if the bytes are none.
template <class Visit>
bool for_each_id(std::span<const std::byte> in, Visit&& visit) {
  if (in.size() < ids_head_bytes || in.size() % sizeof(std::uint64_t) != 0) return false;
  durable_id id;
  std::memcpy(&id.epoch, in.data(), sizeof id.epoch);
  std::memcpy(&id.writer, in.data() + 4, sizeof id.writer);
  for (std::size_t at = ids_head_bytes; at < in.size(); at += sizeof id.number) {
    std::memcpy(&id.number, in.data() + at, sizeof id.number);
    visit(id);
  }
  return true;
}

}  // namespace weft::detail::durable_format
