// SPDX-License-Identifier: BSL-1.0
// ranks: 2
// timeout: 180
// Messages of more than 2^31 elements through the typed layer: MPI's own counts are `int`.
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "comm_fixture.hpp"
#include "support/mpi_memory.hpp"

namespace {

using namespace weft;
using huge_values = test::comm_fixture;

constexpr std::uint64_t elements = (std::uint64_t{1} << 31) + 8;
constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;
/// Between the bytes that are written and checked: a page, so that every page of the message counts.
constexpr std::uint64_t stride = 4096;

char at(std::uint64_t position) { return static_cast<char>(position / stride * 7 + 1); }

void fill(std::span<char> data) {
  for (std::uint64_t i = 0; i < data.size(); i += stride) data[i] = at(i);
  data.back() = 'z';
}

void expect_filled(std::span<const char> data) {
  ASSERT_EQ(data.size(), elements);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < data.size(); i += stride) wrong += data[i] != at(i) ? 1 : 0;
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(data.back(), 'z');
}

TEST_F(huge_values, a_vector_of_more_than_2_to_31_elements_arrives_whole) {
  if (!test::has_free_memory(6 * gibibyte)) GTEST_SKIP() << "needs 6 GiB of free memory and no sanitizer";
  if (self == 0) {
    std::vector<char> data(elements);
    fill(data);
    comm.send(1, 0, data);                   // borrowed, for a receiver that discovers the size
    comm.recv(std::span<char>(data), 1, 1);  // into memory of that size
    expect_filled(data);
  } else {
    auto data = comm.recv<std::vector<char>>(0, 0);
    expect_filled(data);
    auto returned = comm.isend(0, 1, std::move(data));  // owned by the future
    returned.get();
  }
}

TEST_F(huge_values, a_serialised_value_of_more_than_2_to_31_bytes_arrives_whole) {
  if (!test::has_free_memory(12 * gibibyte)) GTEST_SKIP() << "needs 12 GiB of free memory and no sanitizer";
  using value = std::pair<std::string, std::vector<char>>;
  if (self == 0) {
    value data("name", std::vector<char>(elements));
    fill(data.second);
    comm.send(1, 0, data);
  } else {
    auto data = comm.recv<value>(0, 0);
    EXPECT_EQ(data.first, "name");
    expect_filled(data.second);
  }
}

}  // namespace
