// SPDX-License-Identifier: BSL-1.0
#include <string>

#include <weft/message/channel.hpp>

weft::context& ctx();

#if SECTION == 0
weft::task<> good() {
  weft::channel<std::string> c(ctx(), {.capacity = 10, .reader = 0});
  weft::channel_reader<std::string> in = c.reader();
  weft::channel_writer<std::string> out = c.writer();
  co_await out.put("one");
  out.close();
  while (auto item = co_await in.get()) co_await c.put(*item);
}
#elif SECTION == 1
// Nothing comes out of the writers' end.
// expect: no member named .get.
void get_from_a_writer(weft::channel_writer<int> out) { static_cast<void>(out.get()); }
#elif SECTION == 2
// Nothing goes into the readers' end.
// expect: no member named .put.
void put_into_a_reader(weft::channel_reader<int> in) { in.put(1); }
#elif SECTION == 3
// The end is the writers' to announce.
// expect: no member named .close.
void close_a_reader(weft::channel_reader<int> in) { in.close(); }
#elif SECTION == 4
// expect: conver
void another_type(weft::channel<int>& c) { weft::channel_writer<std::string> out = c.writer(); }
#elif SECTION == 5
// expect: conver
void the_other_end(weft::channel<int>& c) { weft::channel_reader<int> in = c.writer(); }
#elif SECTION == 6
// An address means nothing in another process.
// expect: an address means nothing in another process
void of_addresses() { weft::channel<int*> c(ctx()); }
#elif SECTION == 7
// Items on their way know one channel.
// expect: deleted
void copied(weft::channel<int>& first) { weft::channel<int> second(first); }
#endif
