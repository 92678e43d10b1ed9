// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

#include <weft/queue/pool.hpp>

namespace weft::detail {

enum class queue_message_kind : std::uint8_t {
  request,        ///< a thief asks a victim
  request_ahead,  ///< the same, while the thief still holds an item
  registration,   ///< a thief asks a neighbour for the next that it has to give
  answer,         ///< items for a request, or none
  gift,           ///< items for a registration, or of a rank that left
  push,           ///< an item that was put for the receiver
  credit,         ///< of those so many have been let in
  left,
  joined,
  cancel_all,
  cancel_one,  ///< its submitter gave the item up
};

/// What the ranks of a work queue say to each other.
template <class T>
struct queue_message {
  queue_message_kind what = queue_message_kind::request;
  std::int32_t hint = -1;    ///< a rank that may have some; of a registration: the tree
  std::uint64_t number = 0;  ///< types, a submission, a count, or a `supply`
  std::vector<T> plain;
  std::vector<tagged_item<T>> tagged;
  std::uint32_t wave = 0;  ///< for the detection of the end: `balance::waves`
};

}  // namespace weft::detail
