// SPDX-License-Identifier: BSL-1.0
// ranks: 2
// timeout: 180
#include <sys/mman.h>

#include <cstdint>

#include "support/mpi_memory.hpp"
#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

constexpr std::uint64_t bytes = (std::uint64_t{1} << 31) + 12'345;

/// Fresh pages, given back at the end: a vector would touch every page twice.
class pages {
 public:
  pages() : data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~pages() { munmap(data_, bytes); }
  pages(const pages&) = delete;
  pages& operator=(const pages&) = delete;
  char* data() const { return static_cast<char*>(data_); }
  bool valid() const { return data_ != MAP_FAILED; }

 private:
  void* data_;
};

using huge_message = test::transport_fixture;

TEST_F(huge_message, of_more_than_2_to_31_elements_arrives_whole) {
  if (!test::has_free_memory(3 * bytes)) GTEST_SKIP() << "needs 7 GB of free memory and no sanitizer";
  const pages buffer;
  ASSERT_TRUE(buffer.valid());
  pending p;
  if (self == 0) {
    for (std::uint64_t i = 0; i < bytes; i += 4096) buffer.data()[i] = static_cast<char>(i >> 12);
    buffer.data()[bytes - 1] = 'z';
    send(p, 1, 1, buffer.data(), bytes, datatype_of<char>);
    finish(p);
    return;
  }
  receive(p, 0, 1, buffer.data(), bytes, datatype_of<char>);
  EXPECT_EQ(finish(p).bytes, bytes);
  EXPECT_EQ(p.result.status, op_status::ok);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < bytes; i += 4096) wrong += buffer.data()[i] != static_cast<char>(i >> 12) ? 1 : 0;
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(buffer.data()[bytes - 1], 'z');
}

}  // namespace
