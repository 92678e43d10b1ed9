// SPDX-License-Identifier: BSL-1.0
#include <map>
#include <string>
#include <vector>

#include <weft/comm/communicator.hpp>
#include <weft/comm/persistent.hpp>

weft::communicator& comm();
const std::vector<double> constant();

#if SECTION == 0
void good(std::vector<double>& v) {
  auto owned = comm().isend(1, 0, std::vector<double>(3));
  auto borrowed = comm().isend(1, 0, v);
  auto view = comm().isend(1, 0, std::span<const double>(v));
  auto column = comm().isend(1, 0, weft::strided(v, 0, 2, 1, 2));
  auto into = comm().irecv(v, 0, 0);
  auto prepared = weft::send_init(comm(), 1, 0, v);
}
#elif SECTION == 1
// A strided view of a temporary.
// expect: (use of deleted function|call to deleted function|no matching function)
void f() { auto s = comm().isend(1, 0, weft::strided(std::vector<double>(9), 0, 3, 1, 3)); }
#elif SECTION == 2
// A constant temporary can be neither moved from nor borrowed.
// expect: neither moved from nor borrowed
void f() { auto s = comm().isend(1, 0, constant()); }
#elif SECTION == 3
// Receiving into a constant.
// expect: (no matching (member )?function|static assertion failed|static_assert failed)
void f(const std::vector<double>& v) { auto r = comm().irecv(v, 0, 0); }
#elif SECTION == 4
// Receiving into a temporary that nobody keeps.
// expect: no matching (member )?function
void f() { auto r = comm().irecv(3.0, 0, 0); }
#elif SECTION == 5
// A view owns nothing that could be received.
// expect: no matching (member )?function
void f() { auto r = comm().irecv<std::span<double>>(0, 0); }
#elif SECTION == 6
// An address means nothing in another process.
// expect: an address means nothing in another process
void f(double* p) { auto s = comm().isend(1, 0, p); }
#elif SECTION == 7
// The elements of a view must be plain.
// expect: the elements of a view must be plain
void f(std::vector<std::string>& v) { auto s = comm().isend(1, 0, std::span<std::string>(v)); }
#elif SECTION == 8
// A reduction that captures cannot be applied on other ranks.
// expect: without captures
void f(int limit) {
  auto r = comm().iallreduce(1, [limit](int a, int b) { return a + b < limit ? a + b : limit; });
}
#elif SECTION == 9
// A persistent operation borrows its memory for as long as it lives.
// expect: no matching function
void f() { auto p = weft::send_init(comm(), 1, 0, std::vector<double>(3)); }
#elif SECTION == 10
// A future that is thrown away would be withdrawn or waited for at once.
// expect: (nodiscard|unused)
void f() { comm().irecv<int>(0, 0); }
#endif
