// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/records.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include <weft/core/error.hpp>
#include <weft/core/random.hpp>

namespace {

using namespace weft::txn;
using bytes = std::vector<std::byte>;

record a_record(record_kind kind) {
  record r;
  r.id = {7, 3, 0x1122334455667788u};
  r.kind = kind;
  return r;
}

bytes encoded(const record& what, const bytes& redo = {}) {
  weft::byte_buffer head;
  encode(head, what);
  bytes all(head.bytes().begin(), head.bytes().end());
  all.insert(all.end(), redo.begin(), redo.end());
  return all;
}

const bytes some_redo{std::byte{1}, std::byte{2}, std::byte{3}};

TEST(transaction_records, come_back_as_they_were) {
  record prepared = a_record(record_kind::prepared);
  prepared.is_listed = true;
  prepared.resource = 2;
  prepared.voters = {0, 3, 5};
  const bytes in = encoded(prepared, some_redo);
  EXPECT_EQ(in.size(), 32u + 12u + 3u);
  const decoded_record out = decode_record(in);
  EXPECT_EQ(out.head.id, prepared.id);
  EXPECT_EQ(out.head.kind, record_kind::prepared);
  EXPECT_TRUE(out.head.is_listed);
  EXPECT_EQ(out.head.resource, 2u);
  EXPECT_EQ(out.head.voters, prepared.voters);
  EXPECT_EQ(bytes(out.redo.begin(), out.redo.end()), some_redo);

  record committed = a_record(record_kind::committed);
  committed.is_alone = true;
  EXPECT_TRUE(decode_record(encoded(committed, some_redo)).head.is_alone);
  committed.is_applied = true;
  EXPECT_TRUE(decode_record(encoded(committed)).head.is_applied);
  EXPECT_EQ(decode_record(encoded(a_record(record_kind::aborted))).head.kind, record_kind::aborted);
  EXPECT_EQ(decode_record(encoded(a_record(record_kind::ended))).head.kind, record_kind::ended);
}

TEST(transaction_records, have_a_format) {
  const std::vector<unsigned> expected{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 7, 0, 0, 0, 3, 0, 0, 0,
                                       0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 4, 0, 0, 0};
  const bytes in = encoded(a_record(record_kind::ended));
  ASSERT_EQ(in.size(), expected.size());
  for (std::size_t i = 0; i < in.size(); ++i) EXPECT_EQ(std::to_integer<unsigned>(in[i]), expected[i]) << i;
}

TEST(transaction_records, hostile_bytes_are_refused) {
  record good = a_record(record_kind::prepared);
  good.voters = {1, 2};
  const bytes in = encoded(good);
  const auto refused = [&](std::size_t at, unsigned value) {
    bytes bad = in;
    bad[at] = static_cast<std::byte>(value);
    EXPECT_THROW(decode_record(bad), weft::decode_error) << "byte " << at << " = " << value;
  };
  for (std::size_t size = 0; size < in.size(); ++size)
    EXPECT_THROW(decode_record(std::span(in).first(size)), weft::decode_error) << size;
  refused(8, 0);      // no epoch
  refused(20, 3);     // more voters than bytes
  refused(23, 0xff);  // many more
  refused(24, 2);     // "alone" is for committed
  refused(24, 8);     // an unknown flag
  refused(28, 0);     // no kind
  refused(28, 3);     // aborted has no voters
  refused(28, 5);     // an unknown kind
  refused(29, 1);     // reserved
  refused(32, 2);     // voters 2, 2
  refused(32, 9);     // voters 9, 2
  record empty = a_record(record_kind::prepared);
  empty.is_listed = true;
  EXPECT_THROW(decode_record(encoded(empty)), weft::decode_error) << "an empty list would always be complete";
  EXPECT_THROW(decode_record(encoded(a_record(record_kind::aborted), some_redo)), weft::decode_error);
}

TEST(transaction_records, random_bytes_are_refused_or_read_back) {
  weft::random_source random(1);
  for (int round = 0; round < 20000; ++round) {
    record good = a_record(record_kind::prepared);
    good.voters = {1, 2, 9};
    bytes in = encoded(good, some_redo);
    for (int flips = 0; flips < 3; ++flips)
      in[random.below(in.size())] ^= static_cast<std::byte>(1u << random.below(8));
    try {
      const decoded_record out = decode_record(in);
      EXPECT_EQ(encoded(out.head, bytes(out.redo.begin(), out.redo.end())), in);
    } catch (const weft::decode_error&) {
    }
  }
}

}  // namespace
