// SPDX-License-Identifier: BSL-1.0
#include <string>

#include <weft/async/timer.hpp>
#include <weft/message/select.hpp>

#if SECTION == 0
weft::task<> good(weft::loop& loop, weft::channel<int>& c, weft::channel_writer<std::string> out, weft::future<int>& f) {
  auto timer = weft::sleep_for(loop, std::chrono::seconds(1));
  auto first = weft::select(weft::getting(c), weft::putting(out, "x"), f, timer);
  const auto got = co_await first;
  if (got.index == 0 && std::get<0>(got.values)) co_return;
}
#elif SECTION == 1
// A value that lost would be gone.
// expect: no matching function|constraints not satisfied
void a_moved_future_with_a_value(weft::channel<int>& c, weft::future<int> f) {
  weft::select(weft::getting(c), std::move(f));
}
#elif SECTION == 2
// expect: no matching function
void putting_into_a_reader(weft::channel_reader<int> in) { weft::select(weft::putting(in, 1)); }
#elif SECTION == 3
// expect: no matching function|constraints not satisfied
void nothing() { weft::select(); }
#endif
