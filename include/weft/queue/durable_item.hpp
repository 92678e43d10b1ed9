// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include <weft/queue/carried.hpp>

namespace weft {

/// Which item of a durable queue it is, in the job that put it and in all later ones: the key by which a program that
/// wants to apply an item's effect once recognises that it has applied it.
struct durable_id {
  std::uint32_t epoch = 0;   ///< of the job that put it
  std::uint32_t writer = 0;  ///< the rank that put it
  std::uint64_t number = 0;  ///< on that rank, from 1
  friend auto operator<=>(const durable_id&, const durable_id&) = default;
};

namespace detail {

struct durable_id_hash {
  std::size_t operator()(const durable_id& id) const noexcept {
    const std::uint64_t place = std::uint64_t{id.epoch} << 32 | id.writer;
    return static_cast<std::size_t>((id.number ^ place * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u >> 7);
  }
};

/// What travels with an item of a durable queue.
struct durable_header {
  durable_id id;
  std::uint32_t home = 0;     ///< the rank whose journal holds it now
  std::uint32_t earlier = 0;  ///< jobs before this one that may have handed it out
};

template <class T>
struct durable_entry {
  durable_header header;
  T value;
};

template <class T>
struct carried<durable_entry<T>> {
  using payload_type = T;
  static constexpr bool is_tracked = true;
  static T& payload(durable_entry<T>& entry) noexcept { return entry.value; }
  static const T& payload(const durable_entry<T>& entry) noexcept { return entry.value; }
  static unsigned earlier_attempts(const durable_entry<T>& entry) noexcept { return entry.header.earlier; }
};

}  // namespace detail
}  // namespace weft
