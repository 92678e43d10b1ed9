// SPDX-License-Identifier: BSL-1.0
#include "durable_records.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace weft::detail::durable_format {

namespace {

constexpr std::uint8_t released_flag = 1;
constexpr std::uint8_t long_flag = 2;

/// The fixed part of an item's record, as it stands in the file.
struct item_head {
  durable_id id;
  std::uint32_t earlier;
  std::int8_t priority;
  std::uint8_t type;
  std::uint8_t flags;
  std::uint8_t zero;
};
static_assert(sizeof(item_head) + sizeof(std::uint32_t) == item_head_bytes);

bool same_origin(const durable_id& a, const durable_id& b) noexcept {
  return a.epoch == b.epoch && a.writer == b.writer;
}

}  // namespace

void encode(const durable_record& item, byte_buffer& out) {
  const int flags = (item.is_released ? released_flag : 0) | (item.tag.is_long != 0 ? long_flag : 0);
  const item_head head{
      item.header.id, item.header.earlier, item.tag.priority, item.tag.type, static_cast<std::uint8_t>(flags), 0};
  const auto length = static_cast<std::uint32_t>(item.value.size());
  out.append(&head, sizeof head);
  out.append(&length, sizeof length);
  out.append(item.value.data(), length);
}

std::optional<durable_record> decode_item(std::span<const std::byte>& in) {
  if (in.size() < item_head_bytes) return {};
  item_head head;
  std::uint32_t length = 0;
  std::memcpy(&head, in.data(), sizeof head);
  std::memcpy(&length, in.data() + sizeof head, sizeof length);
  in = in.subspan(item_head_bytes);
  if (length > in.size()) return {};
  durable_record item;
  item.header.id = head.id;
  item.header.earlier = head.earlier;
  item.tag.priority = head.priority;
  item.tag.type = head.type;
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
