// SPDX-License-Identifier: BSL-1.0
#include <weft/port/receiver.hpp>

#include <weft/core/error.hpp>
#include <weft/port/hub.hpp>
#include <weft/port/packing.hpp>

namespace weft::detail {

receiver::receiver(message_hub& hub, std::uint64_t type, std::string_view type_name, std::string_view name,
                   bool is_protocol, source_location where)
    : hub_(hub),
      type_name_(type_name),
      name_(name),
      where_(where),
      type_(static_cast<std::uint32_t>(type)),
      number_(hub.add_port(*this)),
      is_protocol_(is_protocol) {
  tasks_.owner = this;
  tasks_.failed = [](task_group& self, std::exception_ptr error, source_location) noexcept {
    const receiver& me = *static_cast<handler_tasks&>(self).owner;
    try {
      std::rethrow_exception(std::move(error));
    } catch (...) {
      me.hub().handler_failed(me);
    }
  };
}

receiver::~receiver() {
  tasks_.cancel_all();
  hub_.remove_port(number_, is_retired_);
}

std::string receiver::describe() const {
  std::string text = "port " + std::to_string(number_);
  if (!name_.empty()) text += " '" + name_ + "'";
  return text + " of " + std::string(type_name_) + weft::describe(where_);
}

void throw_bad_size(std::uint64_t bytes) {
  throw decode_error("no message of the port's type has " + std::to_string(bytes) + " bytes");
}

}  // namespace weft::detail
