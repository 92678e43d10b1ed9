// SPDX-License-Identifier: BSL-1.0
// ranks: 2
// timeout: 180
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

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

class huge_message : public test::transport_fixture {
 protected:
  /// Room for both ranks' buffers and for others on the machine; the same answer on both ranks.
  bool there_is_room() {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto free_bytes = static_cast<std::uint64_t>(sysconf(_SC_AVPHYS_PAGES)) * page;
    const int mine = !sanitized && free_bytes > 3 * bytes ? 1 : 0;
    int both = 0;
    pending p;
    completion now;
    const op minimum{reduction::minimum, true, nullptr};
    started(p, t.iallreduce(world_comm, &mine, &both, 1, datatype_of<int>, minimum, &p, now), now);
    finish(p);
    return both == 1;
  }
};

TEST_F(huge_message, of_more_than_2_to_31_elements_arrives_whole) {
  if (!there_is_room()) GTEST_SKIP() << "needs 7 GB of free memory and no sanitizer";
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
