// SPDX-License-Identifier: BSL-1.0
#include <weft/message/remote_error.hpp>

#include <cstdlib>
#include <memory>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

namespace weft {
namespace {

std::string readable_type(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
  return status == 0 ? std::string(text.get()) : std::string(mangled);
}

}  // namespace

remote_failure failure_of(const std::exception& caught) {
  // Handed on by who called it in turn: what it carries is the first cause.
  if (const auto* remote = dynamic_cast<const remote_error*>(&caught)) return {remote->type(), remote->text()};
  return {readable_type(typeid(caught).name()), caught.what()};
}

remote_failure failure_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return failure_of(e);
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return {type != nullptr ? readable_type(type->name()) : "unknown", text_of(thrown)};
  }
}

remote_error::remote_error(remote_failure what, source_location where)
    : error("a remote function threw " + what.type + ": " + what.text, where), what_(std::move(what)) {}

}  // namespace weft
