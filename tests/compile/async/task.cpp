// SPDX-License-Identifier: BSL-1.0
#include <weft/async/task.hpp>

weft::task<int> number();

#if SECTION == 0
weft::task<int> good() { co_return co_await number() + 1; }
#elif SECTION == 1
// A task that nobody awaits, spawns or runs does nothing.
// expect: nodiscard
void dropped() { number(); }
#elif SECTION == 2
// expect: deleted
weft::task<int> copied() {
  auto first = number();
  auto second = first;
  co_return co_await second;
}
#endif
