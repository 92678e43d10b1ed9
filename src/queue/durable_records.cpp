// SPDX-License-Identifier: BSL-1.0
#include "durable_records.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include <weft/core/planted_fault.hpp>

namespace weft::detail {

int durable_record::rank_among(int ranks) const noexcept {
  if (rank < 0 || WEFT_PLANTED("leases.bound_item_stays_at_home")) return static_cast<int>(header.home);
  if (rank >= ranks) WEFT_REACHED("leases.item_for_a_rank_that_is_gone");
  return rank % ranks;
}

}  // namespace weft::detail

namespace weft::detail::durable_format {

namespace {

constexpr std::uint32_t most_ranks = std::numeric_limits<std::int32_t>::max();
constexpr auto last_placement = static_cast<std::uint8_t>(placement::rank);
constexpr std::uint8_t released_flag = 1;
constexpr std::uint8_t long_flag = 2;
constexpr std::uint8_t rank_flag = 4;  // the rank it was put for follows the head
constexpr std::uint8_t due_flag = 8;   // then the time when it is due
constexpr std::uint8_t all_flags = released_flag | long_flag | rank_flag | due_flag;

/// The fixed part of an item's record, as it stands in the file.
struct item_head {
  durable_id id;
  std::uint32_t earlier;
  std::int8_t priority;
  std::uint8_t type;
  std::uint8_t flags;
  std::uint8_t where;
};
static_assert(sizeof(item_head) + sizeof(std::uint32_t) == item_head_bytes);

bool same_origin(const durable_id& a, const durable_id& b) noexcept {
  return a.epoch == b.epoch && a.writer == b.writer;
}

std::uint8_t flags_of(const durable_record& item) noexcept {
  const int flags = (item.is_released ? released_flag : 0) | (item.tag.is_long != 0 ? long_flag : 0) |
                    (item.rank >= 0 ? rank_flag : 0) | (item.due != wall_time{} ? due_flag : 0);
  return static_cast<std::uint8_t>(flags);
}

/// Takes a value off `in`; false if it is shorter.
template <class V>
bool take(std::span<const std::byte>& in, V& value) noexcept {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in = in.subspan(sizeof value);
  return true;
}

bool take_terms(std::span<const std::byte>& in, unsigned flags, durable_record& item) noexcept {
  if ((flags & rank_flag) != 0) {
    std::uint32_t rank = 0;
    if (!take(in, rank) || rank > most_ranks) return false;
    item.rank = static_cast<int>(rank);
  }
  if ((flags & due_flag) != 0) {
    std::int64_t due = 0;
    if (!take(in, due)) return false;
    item.due = wall_time(duration(due));
  }
  return true;
}

}  // namespace

void encode(const durable_record& item, byte_buffer& out) {
  const item_head head{item.header.id,
                       item.header.earlier,
                       item.tag.priority,
                       item.tag.type,
                       flags_of(item),
                       static_cast<std::uint8_t>(item.tag.where)};
  const auto length = static_cast<std::uint32_t>(item.value.size());
  const auto rank = static_cast<std::uint32_t>(item.rank);
  const std::int64_t due = item.due.time_since_epoch().count();
  out.append(&head, sizeof head);
  out.append(&length, sizeof length);
  if (item.rank >= 0) out.append(&rank, sizeof rank);
  if (item.due != wall_time{}) out.append(&due, sizeof due);
  out.append(item.value.data(), length);
}

std::optional<durable_record> decode_item(std::span<const std::byte>& in) {
  item_head head;
  std::uint32_t length = 0;
  durable_record item;
  if (!take(in, head) || !take(in, length) || (head.flags & ~all_flags) != 0 || head.where > last_placement) return {};
  if (!take_terms(in, head.flags, item) || length > in.size()) return {};
  item.header.id = head.id;
  item.header.earlier = head.earlier;
  item.tag.priority = head.priority;
  item.tag.type = head.type;
  item.tag.where = static_cast<placement>(head.where);
  item.tag.is_long = (head.flags & long_flag) != 0 ? 1 : 0;
  item.is_released = (head.flags & released_flag) != 0;
  item.value.append(in.data(), length);
  in = in.subspan(length);
  return item;
}

void append_ids(journal& to, std::uint16_t type, std::span<durable_id> ids, std::vector<std::uint64_t>& scratch) {
  const auto differs = [&](const durable_id& id) { return !same_origin(id, ids.front()); };
  if (std::any_of(ids.begin(), ids.end(), differs)) std::sort(ids.begin(), ids.end());
  for (std::size_t first = 0; first < ids.size();) {
    scratch.clear();
    std::size_t last = first;
    for (; last < ids.size() && same_origin(ids[last], ids[first]); ++last) scratch.push_back(ids[last].number);
    std::array<std::byte, ids_head_bytes> head;
    std::memcpy(head.data(), &ids[first].epoch, sizeof ids[first].epoch);
    std::memcpy(head.data() + 4, &ids[first].writer, sizeof ids[first].writer);
    to.append(type, head, std::as_bytes(std::span(scratch)));
    first = last;
  }
}

}  // namespace weft::detail::durable_format
