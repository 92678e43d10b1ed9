// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <bit>
#include <cstring>
#include <weft/core/crc32c.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft {
namespace {

constexpr std::uint32_t castagnoli_reflected = 0x82f63b78u;

/// crc_tables[k][b]: what the byte b does to the CRC when k bytes follow it (Kounavis and Berry, "Novel Table
/// Lookup-Based Algorithms for High-Performance CRC Generation", IEEE Trans. Computers 57(11), 2008).
constexpr auto crc_tables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? castagnoli_reflected : 0u);
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t b = 0; b < 256; ++b) tables[k][b] = (tables[k - 1][b] >> 8) ^ tables[0][tables[k - 1][b] & 0xffu];
  }
  return tables;
}();

std::uint64_t load_word(const unsigned char* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

#if defined(__x86_64__)
/// The instruction takes 3 cycles and can start one each cycle, but each waits for the last: about 2.7 bytes a cycle,
/// far above what a disk takes.
__attribute__((target("sse4.2"))) std::uint32_t crc32c_instruction(const void* bytes, std::size_t count,
                                                                   std::uint32_t before) noexcept {
  const auto* at = static_cast<const unsigned char*>(bytes);
  std::uint64_t crc = ~before;
  for (; count >= 8; count -= 8, at += 8) crc = _mm_crc32_u64(crc, load_word(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; count > 0; --count, ++at) narrow = _mm_crc32_u8(narrow, *at);
  return ~narrow;
}
#endif

}  // namespace

std::uint32_t detail::crc32c_portable(const void* bytes, std::size_t count, std::uint32_t before) noexcept {
  const auto* at = static_cast<const unsigned char*>(bytes);
  std::uint32_t crc = ~before;
  if constexpr (std::endian::native == std::endian::little) {
    for (; count >= 8; count -= 8, at += 8) {
      const std::uint64_t word = load_word(at) ^ crc;
      crc = 0;
      for (std::size_t i = 0; i < 8; ++i) crc ^= crc_tables[7 - i][(word >> (8 * i)) & 0xffu];
    }
  }
  for (; count > 0; --count, ++at) crc = (crc >> 8) ^ crc_tables[0][(crc ^ *at) & 0xffu];
  return ~crc;
}

std::uint32_t crc32c(const void* bytes, std::size_t count, std::uint32_t before) noexcept {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return crc32c_instruction(bytes, count, before);
#endif
  return detail::crc32c_portable(bytes, count, before);
}

}  // namespace weft
