// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <utility>

#include <weft/async/async.hpp>

std::string name();

#if SECTION == 0
weft::future<int> good(weft::future<int> a, weft::future<int> b, weft::future<int> c, int& sum) {
  const std::string text = name();
  auto named = [text](int) {};
  auto first = std::move(a).then(named);
  auto second = std::move(b).then([&sum](int v) { sum += v; });
  return std::move(c).then([](int v) { return v; });
}
#elif SECTION == 1
// A temporary with captures that must be destroyed: g++ 12 destroys it twice inside a co_await expression.
// expect: no matching (member )?function|constraints not satisfied
void captures_by_value(weft::future<int> f) {
  const std::string text = name();
  auto next = std::move(f).then([text](int) {});
}
#elif SECTION == 2
// A callback consumes the future: it must be moved in.
// expect: discards qualifiers|passing|cannot bind|no matching (member )?function|'this' argument
void not_moved(weft::future<int> f) { auto next = f.then([](int) {}); }
#elif SECTION == 3
// A future has one owner.
// expect: deleted
void copied(weft::future<int>& f) { weft::future<int> second = f; }
#elif SECTION == 4
// when_any over lvalues and moved-in futures means two things: they are not mixed.
// expect: no matching function
void mixed(weft::future<int>& a, weft::future<int> b) { auto any = weft::when_any(a, std::move(b)); }
#endif
