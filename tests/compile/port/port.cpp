// SPDX-License-Identifier: BSL-1.0
#include <string>

#include <weft/port/port.hpp>

std::string name();

#if SECTION == 0
void good(weft::context& ctx, int& sum) {
  const std::string text = name();
  auto named = [text](int, int) {};
  weft::port<int> first(ctx, named);
  weft::port<int> second(ctx, [&sum](int, int v) { sum += v; });
  weft::port<std::string> third(ctx, [](int, const std::string&) -> weft::task<> { co_return; });
}
#elif SECTION == 1
// A temporary handler with captures that must be destroyed: g++ 12 destroys it twice inside a co_await expression.
// expect: no matching (function|constructor)|constraints not satisfied
void captures_by_value(weft::context& ctx) {
  const std::string text = name();
  weft::port<int> p(ctx, [text](int, int) {});
}
#elif SECTION == 2
// The handler takes the sender's rank and the message.
// expect: no matching (function|constructor)|constraints not satisfied
void without_source(weft::context& ctx) {
  weft::port<std::string> p(ctx, [](std::string) {});
}
#elif SECTION == 3
// What a handler gives back goes nowhere: a reply is another message.
// expect: returns void or task
void with_result(weft::context& ctx) {
  weft::port<int> p(ctx, [](int, int v) { return v; });
}
#endif
