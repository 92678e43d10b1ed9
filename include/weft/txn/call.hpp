// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/core/bytes.hpp>
#include <weft/core/codec.hpp>
#include <weft/message/remote_error.hpp>
#include <weft/message/remote_function.hpp>
#include <weft/txn/lock_table.hpp>
#include <weft/txn/outcome.hpp>

namespace weft::txn {

/// Keys and values as a store keeps them.
template <class T>
std::string encoded(const T& value) {
  if constexpr (is_bytes<T>) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  } else {
    byte_buffer out;
    encode(out, value);
    return std::string(reinterpret_cast<const char*>(out.data()), out.size());
  }
}
template <class T>
T decoded(const std::string& bytes) {
  T value{};
  reader in(std::as_bytes(std::span(bytes)));
  decode(in, value);
  return value;
}

/// The value of one key, as the transaction sees it at its rank.
struct cell {
  std::optional<std::string> value;
  bool is_changed = false;
};

/// A function to be run at the rank that keeps `key`, under its lock.
struct call {
  std::uint32_t function = 0;
  lock_mode mode = lock_mode::shared;
  std::string key;
  std::string arguments;
  /// One element: what the transaction has made of the value before.
  std::vector<std::optional<std::string>> before;
};

/// What became of it.
struct call_answer {
  std::string result;
  std::vector<remote_failure> failure;  ///< one element if it threw
};

/// Runs a function on a cell. Only if it does not throw, the cell is changed.
call_answer run(const call& what, cell& at);

/// A user's function over a value, as a remote function over a cell. What its first parameter is says what it needs:
/// `Value&` and `const Value&` a key that is there (else `not_found`), `std::optional<Value>&` and
/// `const std::optional<Value>&` any; with `&` alone it may write.
template <auto Function, class Value, class Arguments>
struct at_data;
template <auto Function, class Value, class First, class... Arguments>
struct at_data<Function, Value, std::tuple<First, Arguments...>> {
  using given = std::remove_cvref_t<First>;
  static_assert(std::is_same_v<given, Value> || std::is_same_v<given, std::optional<Value>>,
                "weft: the first parameter of a function that runs at the data is its value or an optional of it");
  static constexpr bool writes = std::is_lvalue_reference_v<First> && !std::is_const_v<std::remove_reference_t<First>>;
  static constexpr lock_mode mode = writes ? lock_mode::exclusive : lock_mode::shared;
  using result = typename detail::signature<std::decay_t<decltype(Function)>>::result;
  static_assert(!is_task<result>, "weft: a function that runs at the data must not wait, for it holds locks");

  static result run(cell& at, std::decay_t<Arguments>... arguments) {
    std::optional<Value> value;
    if (at.value) value.emplace(decoded<Value>(*at.value));
    if constexpr (std::is_void_v<result>) {
      invoke(value, std::move(arguments)...);
      keep(at, value);
    } else {
      result answer = invoke(value, std::move(arguments)...);
      keep(at, value);
      return answer;
    }
  }

 private:
  static result invoke(std::optional<Value>& value, std::decay_t<Arguments>... arguments) {
    if constexpr (std::is_same_v<given, Value>) {
      if (!value) throw not_found({});
      return Function(*value, std::move(arguments)...);
    } else {
      return Function(value, std::move(arguments)...);
    }
  }
  static void keep(cell& at, const std::optional<Value>& value) {
    if constexpr (writes) {
      at.value = value ? std::optional<std::string>(encoded(*value)) : std::nullopt;
      at.is_changed = true;
    }
  }
};

template <auto Function, class Value>
using data_function =
    at_data<Function, Value, typename detail::signature<std::decay_t<decltype(Function)>>::arguments>;
template <auto Function, class Value>
using remote_data_function = remote_function<&data_function<Function, Value>::run, cell>;

}  // namespace weft::txn
