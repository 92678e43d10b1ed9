// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weft/async/task_group.hpp>
#include <weft/core/source_location.hpp>

namespace weft::detail {

class message_hub;
class incoming;

/// A port as the hub sees it, whatever its message and handler.
class receiver {
 public:
  receiver(message_hub& hub, std::uint64_t type, std::string_view type_name, std::string_view name, bool is_protocol,
           source_location where);
  virtual ~receiver();
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;

  /// Hands the messages of one run to the handler. Throws `decode_error` if they are none.
  virtual void deliver_fixed(int source, const std::byte* content, std::size_t bytes, unsigned count) = 0;
  virtual void deliver_encoded(int source, const std::byte* content, std::size_t bytes, unsigned count) = 0;
  /// Memory for a large message of so many bytes; throws `decode_error` if no message has that size.
  virtual incoming* prepare(int source, std::uint64_t bytes) = 0;
  virtual void deliver_fetched(incoming& what) = 0;

  message_hub& hub() const noexcept { return hub_; }
  std::uint32_t number() const noexcept { return number_; }
  std::uint32_t type() const noexcept { return type_; }
  bool is_protocol() const noexcept { return is_protocol_; }
  void retire() noexcept { is_retired_ = true; }
  /// Coroutine handlers that have not ended.
  const task_group& tasks() const noexcept { return tasks_; }
  void cancel_tasks() noexcept { tasks_.cancel_all(); }
  /// "port 3 'halo' of int (file.cpp:12)"
  std::string describe() const;
  const source_location& where() const noexcept { return where_; }

 protected:
  struct handler_tasks : task_group {
    receiver* owner = nullptr;
  };
  handler_tasks tasks_;

 private:
  message_hub& hub_;
  std::string_view type_name_;
  std::string name_;
  source_location where_;
  std::uint32_t type_;
  std::uint32_t number_;
  bool is_protocol_;
  bool is_retired_ = false;
};

}  // namespace weft::detail
