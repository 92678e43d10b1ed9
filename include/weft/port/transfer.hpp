// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <weft/async/operation.hpp>

namespace weft::detail {

class message_hub;
struct peer;

/// A large message on the sending side: it stays where it is until the receiver asks for it, then leaves from there.
class outgoing : public operation {
 public:
  outgoing(message_hub& owner, loop& on, const operation::type& kind, source_location where) noexcept
      : operation(on, kind, where), hub(&owner) {}

  message_hub* hub;
  peer* to = nullptr;
  const void* data = nullptr;
  std::uint64_t bytes = 0;
  std::uint32_t transfer = 0;
  bool started = false;

  static void complete(operation& self, const completion& result) noexcept;
  static withdrawal stay(operation&) noexcept { return withdrawal::impossible; }

 protected:
  ~outgoing() = default;
};

/// It owns the value that is sent: a vector of plain elements, or encoded bytes.
template <class Value>
class outgoing_value final : public outgoing {
 public:
  outgoing_value(message_hub& owner, loop& on, Value what, source_location where)
      : outgoing(owner, on, kind, where), value_(std::move(what)) {
    data = value_.data();
    bytes = value_.size() * sizeof(*value_.data());
  }
  ~outgoing_value() = default;

 private:
  static constexpr operation::type kind{"large message to", complete, stay, destroy_operation<outgoing_value>,
                                        drop_policy::park};
  Value value_;
};

/// A large message on the receiving side, from its announcement to its handler.
class incoming : public operation {
 public:
  incoming(message_hub& owner, loop& on, const operation::type& kind, source_location where) noexcept
      : operation(on, kind, where), hub(&owner) {}

  message_hub* hub;
  peer* from = nullptr;
  void* data = nullptr;
  std::uint64_t size = 0;
  std::uint32_t port = 0;
  std::uint32_t transfer = 0;
  int tag = 0;  ///< 0: not asked for yet
  bool arrived = false;

  static void complete(operation& self, const completion& result) noexcept;
  static withdrawal cancel(operation& self) noexcept;

 protected:
  ~incoming() = default;
};

template <class Value>
class incoming_value final : public incoming {
 public:
  incoming_value(message_hub& owner, loop& on, Value room, source_location where)
      : incoming(owner, on, kind, where), value(std::move(room)) {
    data = value.data();
    size = value.size() * sizeof(*value.data());
  }
  ~incoming_value() = default;

  Value value;

 private:
  static constexpr operation::type kind{"large message from", complete, cancel, destroy_operation<incoming_value>,
                                        drop_policy::withdraw};
};

}  // namespace weft::detail
