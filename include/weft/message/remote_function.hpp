// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/core/bytes.hpp>
#include <weft/core/codec.hpp>
#include <weft/core/type_hash.hpp>

namespace weft {

class context;

/// A function that ranks may ask each other to run, without its types. `place` points to what the rank that runs it
/// supplies; the arguments come from the asking rank.
struct remote_entry {
  std::string_view name;    ///< the compiler's spelling
  std::uint64_t place = 0;  ///< hash of the types of what is supplied where it runs
  /// Runs it to its end and appends the encoded result; null for a coroutine. Throws what the function throws.
  void (*call)(void* const* place, std::span<const std::byte> arguments, byte_buffer& result) = nullptr;
  /// The same for plain functions and coroutines. `arguments` is decoded before the first suspension.
  task<> (*start)(void* const* place, std::span<const std::byte> arguments, byte_buffer& result) = nullptr;
};

/// Remote functions with their numbers. One program has one table, on all ranks the same.
class remote_table {
 public:
  explicit remote_table(std::vector<const remote_entry*> all);
  /// Every function that the program names in a `remote_function`: complete when `main` begins, and constant then.
  static const remote_table& of_program();

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(entries_.size()); }
  /// Throws `usage_error` for a function that is not in it: of a library that was loaded later.
  std::uint32_t number_of(const remote_entry& what) const;
  /// Throws `decode_error` if there is no such function, or it needs another place.
  const remote_entry& at(std::uint32_t number, std::uint64_t place) const;
  std::vector<std::string> names() const;
  /// Equal on two ranks if numbers mean the same on both.
  std::uint64_t fingerprint() const noexcept { return fingerprint_; }

 private:
  std::vector<const remote_entry*> entries_;  ///< by number: in the order of their names
  std::uint64_t fingerprint_ = 0;
};

/// Collective: throws the same `usage_error` on all ranks, naming a function that one has and another has not, unless
/// all have the same table. `weft::run` does it at the start.
task<> verify_remote_functions(context& ctx, const remote_table& mine = remote_table::of_program());

namespace detail {

template <auto Function>
constexpr const char* decorated_function_name() noexcept {
  return __PRETTY_FUNCTION__;
}
template <auto Function>
constexpr std::string_view function_name() noexcept {
  std::string_view text = decorated_function_name<Function>();
  text.remove_prefix(text.find("Function = ") + 11);
  text.remove_suffix(1);
  return text;
}

/// Puts an entry among those of the program while it is being loaded.
class remote_registration {
 public:
  explicit remote_registration(const remote_entry& what) noexcept;

 private:
  friend class weft::remote_table;
  const remote_entry& what_;
  const remote_registration* next_;
};

template <class F>
struct signature : signature<decltype(&F::operator())> {};
template <class R, class... Args>
struct signature<R (*)(Args...)> {
  using result = R;
  using arguments = std::tuple<Args...>;
};
template <class R, class... Args>
struct signature<R (*)(Args...) noexcept> : signature<R (*)(Args...)> {};
template <class R, class F, class... Args>
struct signature<R (F::*)(Args...) const> : signature<R (*)(Args...)> {};
template <class R, class F, class... Args>
struct signature<R (F::*)(Args...) const noexcept> : signature<R (*)(Args...)> {};

template <class R>
struct remote_result {
  using type = R;
  static constexpr bool is_awaited = false;
};
template <class R>
struct remote_result<task<R>> {
  using type = R;
  static constexpr bool is_awaited = true;
};

template <class Tuple, std::size_t Skip, class Indices>
struct tail_of;
template <class Tuple, std::size_t Skip, std::size_t... I>
struct tail_of<Tuple, Skip, std::index_sequence<I...>> {
  using type = std::tuple<std::decay_t<std::tuple_element_t<Skip + I, Tuple>>...>;
};

}  // namespace detail

/// `Function`, a plain function, a captureless lambda or a coroutine that returns `task<T>`, as one that can be asked for
/// from another rank. Its first parameters take what the rank supplies that runs it (`Place&...`), the others come with the
/// request: anything that `docs/values.md` allows, as does the result.
template <auto Function, class... Place>
class remote_function {
  using traits = detail::signature<std::decay_t<decltype(Function)>>;
  using all_arguments = typename traits::arguments;
  static constexpr std::size_t supplied = sizeof...(Place);
  static_assert(std::tuple_size_v<all_arguments> >= supplied, "weft: the function has too few parameters");
  static constexpr std::size_t sent = std::tuple_size_v<all_arguments> - supplied;

 public:
  /// Decayed.
  using arguments = typename detail::tail_of<all_arguments, supplied, std::make_index_sequence<sent>>::type;
  using result = typename detail::remote_result<typename traits::result>::type;
  static constexpr bool is_coroutine = detail::remote_result<typename traits::result>::is_awaited;
  static constexpr std::uint64_t place = type_hash<std::tuple<Place...>>;

  static std::uint32_t number() {
    (void)registration_;
    static const std::uint32_t number = remote_table::of_program().number_of(entry_);
    return number;
  }

  /// Appends the arguments, each converted to the type of its parameter.
  template <class... Given>
  static void encode_arguments(byte_buffer& out, const Given&... given) {
    static_assert(sizeof...(Given) == sent, "weft: another number of arguments than the remote function takes");
    encode_each(out, std::make_index_sequence<sent>(), given...);
  }

 private:
  template <std::size_t... I, class... Given>
  static void encode_each(byte_buffer& out, std::index_sequence<I...>, const Given&... given) {
    (encode(out, static_cast<const std::tuple_element_t<I, arguments>&>(
                     std::tuple_element_t<I, arguments>(given))), ...);
  }

  static arguments decode_arguments(std::span<const std::byte> bytes) {
    arguments values{};
    reader in(bytes);
    std::apply([&](auto&... each) { (decode(in, each), ...); }, values);
    if (in.remaining() != 0) throw decode_error("more bytes than the arguments of " + std::string(entry_.name));
    return values;
  }

  template <std::size_t... P>
  static decltype(auto) apply(void* const* at, arguments& values, std::index_sequence<P...>) {
    return std::apply(
        [&](auto&... each) -> decltype(auto) { return Function(*static_cast<Place*>(at[P])..., std::move(each)...); },
        values);
  }
  static decltype(auto) apply(void* const* at, arguments& values) {
    return apply(at, values, std::make_index_sequence<supplied>());
  }

  static void call([[maybe_unused]] void* const* at, std::span<const std::byte> bytes, byte_buffer& out) {
    arguments values = decode_arguments(bytes);
    if constexpr (std::is_void_v<result>) {
      apply(at, values);
    } else {
      encode(out, apply(at, values));
    }
  }

  static task<> start(void* const* at, std::span<const std::byte> bytes, byte_buffer& out) {
    if constexpr (is_coroutine) {
      return run(at, decode_arguments(bytes), out);
    } else {
      return finish(at, bytes, out);
    }
  }
  static task<> finish(void* const* at, std::span<const std::byte> bytes, byte_buffer& out) {
    call(at, bytes, out);
    co_return;
  }
  static task<> run(void* const* at, arguments values, byte_buffer& out) {
    auto body = apply(at, values);
    if constexpr (std::is_void_v<result>) {
      co_await body;
    } else {
      result value = co_await body;
      encode(out, value);
    }
  }

  static constexpr auto direct_call() noexcept {
    if constexpr (is_coroutine) {
      return static_cast<void (*)(void* const*, std::span<const std::byte>, byte_buffer&)>(nullptr);
    } else {
      return &call;
    }
  }

  static inline const remote_entry entry_{detail::function_name<Function>(), place, direct_call(), &start};
  static inline const detail::remote_registration registration_{entry_};
};

}  // namespace weft
