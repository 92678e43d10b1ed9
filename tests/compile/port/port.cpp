// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <utility>

#include <weft/port/port.hpp>
#include <weft/port/tree_sum.hpp>

std::string name();
weft::context& ctx();

#if SECTION == 0
void good(int& sum) {
  const std::string text = name();
  auto named = [text](int, int) {};
  weft::port<int> first(ctx(), named);
  weft::port<int> second(ctx(), [&sum](int, int value) { sum += value; });
  weft::port<std::string> third(ctx(), [](int, std::string&&) {});
  weft::port<std::string> coroutine(ctx(), [](int, const std::string&) -> weft::task<> { co_return; });
  first.post(0, 1);
  third.post(0, text);
}
#elif SECTION == 1
// A temporary handler with captures that must be destroyed: g++ 12 destroys it twice inside a co_await expression.
// expect: no matching function|no matching constructor|constraints not satisfied
void captures_by_value() {
  const std::string text = name();
  weft::port<int> p(ctx(), [text](int, int) {});
}
#elif SECTION == 2
// expect: no matching function|no matching constructor|constraints not satisfied
void captures_by_value_in_a_sum() {
  const std::string text = name();
  weft::tree_sum<2> sum(ctx(), [text](const weft::tree_sum<2>::values&) {});
}
#elif SECTION == 3
// A handler takes the source and the message.
// expect: no matching function|no matching constructor|constraints not satisfied
void without_source() { weft::port<int> p(ctx(), [](int) {}); }
#elif SECTION == 4
// What a handler returned would be lost.
// expect: a port's handler returns void or task
void returns_a_value() { weft::port<int> p(ctx(), [](int, int value) { return value; }); }
#elif SECTION == 5
// The messages on their way know one port.
// expect: deleted
void copied(weft::port<int>& first) { weft::port<int> second(first); }
#elif SECTION == 6
// An address means nothing in another process.
// expect: an address means nothing in another process
void of_addresses() { weft::port<int*> p(ctx(), [](int, int*) {}); }
#endif
