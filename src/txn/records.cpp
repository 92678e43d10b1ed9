// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/records.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>

#include <weft/core/error.hpp>

namespace weft::txn {
namespace {

/// Little-endian, without padding.
struct record_head {
  std::uint64_t sequence;
  std::uint32_t epoch;
  std::uint32_t coordinator;
  std::uint32_t resource;
  std::uint32_t voters;
  std::uint32_t flags;
  std::uint8_t kind;
  std::uint8_t zero[3];
};
static_assert(sizeof(record_head) == 32 && std::has_unique_object_representations_v<record_head>);
static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::uint32_t listed_flag = 1;
constexpr std::uint32_t alone_flag = 2;
constexpr std::uint32_t applied_flag = 4;

[[noreturn]] void refuse(const char* what) { throw decode_error(std::string("a transaction record has ") + what); }

void check(const record_head& head) {
  const auto kind = static_cast<record_kind>(head.kind);
  if (kind == record_kind::none || head.kind > static_cast<std::uint8_t>(record_kind::ended)) refuse("an unknown kind");
  if (head.epoch == 0) refuse("no transaction");
  if (head.zero[0] != 0 || head.zero[1] != 0 || head.zero[2] != 0) refuse("reserved bytes that are not zero");
  std::uint32_t allowed = 0;
  if (kind == record_kind::prepared) allowed = listed_flag;
  if (kind == record_kind::committed) allowed = listed_flag | alone_flag | applied_flag;
  if ((head.flags & ~allowed) != 0) refuse("flags that its kind does not have");
  const bool has_voters = kind == record_kind::prepared || kind == record_kind::committed;
  if (head.voters > 0 && !has_voters) refuse("voters that its kind does not have");
  if (kind == record_kind::prepared && (head.flags & listed_flag) != 0 && head.voters == 0) refuse("an empty list");
}

}  // namespace

void encode(byte_buffer& head, const record& what) {
  record_head out{};
  out.sequence = what.id.sequence;
  out.epoch = what.id.epoch;
  out.coordinator = what.id.coordinator;
  out.resource = what.resource;
  out.voters = static_cast<std::uint32_t>(what.voters.size());
  out.flags =
      (what.is_listed ? listed_flag : 0) | (what.is_alone ? alone_flag : 0) | (what.is_applied ? applied_flag : 0);
  out.kind = static_cast<std::uint8_t>(what.kind);
  head.clear();
  head.append(&out, sizeof out);
  head.append(what.voters.data(), what.voters.size() * sizeof(std::uint32_t));
}

decoded_record decode_record(std::span<const std::byte> payload) {
  record_head in;
  if (payload.size() < sizeof in) refuse("less than a head");
  std::memcpy(&in, payload.data(), sizeof in);
  check(in);
  payload = payload.subspan(sizeof in);
  if (in.voters > payload.size() / sizeof(std::uint32_t)) refuse("more voters than bytes");

  decoded_record out;
  out.head.id = {in.epoch, in.coordinator, in.sequence};
  out.head.kind = static_cast<record_kind>(in.kind);
  out.head.is_listed = (in.flags & listed_flag) != 0;
  out.head.is_alone = (in.flags & alone_flag) != 0;
  out.head.is_applied = (in.flags & applied_flag) != 0;
  out.head.resource = in.resource;
  out.head.voters.resize(in.voters);
  const std::size_t bytes = in.voters * sizeof(std::uint32_t);
  if (bytes > 0) std::memcpy(out.head.voters.data(), payload.data(), bytes);
  const auto& voters = out.head.voters;
  if (std::adjacent_find(voters.begin(), voters.end(), std::greater_equal<>()) != voters.end())
    refuse("voters out of order");
  out.redo = payload.subspan(bytes);
  const bool has_redo =
      (out.head.kind == record_kind::prepared || out.head.kind == record_kind::committed) && !out.head.is_applied;
  if (!out.redo.empty() && !has_redo) refuse("writes that its kind does not have");
  return out;
}

}  // namespace weft::txn
