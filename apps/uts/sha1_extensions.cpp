// SPDX-License-Identifier: BSL-1.0
// SHA-1 on the instructions of Intel's SHA extensions: each SHA1RNDS4 does four rounds, SHA1MSG1 and SHA1MSG2 compute
// four words of the schedule (Intel, "New Instructions Supporting the Secure Hash Algorithm", 2013).
#include "sha1_extensions.hpp"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <immintrin.h>

#include <utility>

#define WEFT_SHA_TARGET __attribute__((target("sha,sse4.1")))
#define WEFT_SHA_INLINE __attribute__((target("sha,sse4.1"), always_inline)) inline

namespace weft::uts::detail {
namespace {

/// One hash under way. Vectors hold four words, the first in the highest lane.
struct stream {
  __m128i abcd;
  __m128i before;  ///< `abcd` four rounds ago: its first word becomes e
  __m128i w[4];    ///< the last 16 words of the schedule
};

/// Rounds 4 * Group ... 4 * Group + 3.
template <int Group>
WEFT_SHA_INLINE void rounds(stream& s, __m128i initial_e) noexcept {
  __m128i& words = s.w[Group % 4];
  if constexpr (Group >= 4) {
    const __m128i mixed = _mm_xor_si128(_mm_sha1msg1_epu32(words, s.w[(Group + 1) % 4]), s.w[(Group + 2) % 4]);
    words = _mm_sha1msg2_epu32(mixed, s.w[(Group + 3) % 4]);
  }
  const __m128i e = Group == 0 ? _mm_add_epi32(initial_e, words) : _mm_sha1nexte_epu32(s.before, words);
  s.before = s.abcd;
  s.abcd = _mm_sha1rnds4_epu32(s.abcd, e, Group / 5);
}

/// The same four rounds of all streams, so that one hides the latency of another.
template <int Group, int Streams>
WEFT_SHA_INLINE void rounds_of_all(stream* all, __m128i initial_e) noexcept {
#pragma GCC unroll 4
  for (int s = 0; s < Streams; ++s) rounds<Group>(all[s], initial_e);
}

template <int Streams, int... Groups>
WEFT_SHA_INLINE void all_rounds(stream* all, __m128i initial_e, std::integer_sequence<int, Groups...>) noexcept {
  (rounds_of_all<Groups, Streams>(all, initial_e), ...);
}

template <int Streams>
WEFT_SHA_INLINE void hash_children(const digest& parent, std::uint32_t first, digest* out) noexcept {
  const auto word = [](std::uint32_t x) { return static_cast<int>(x); };
  const __m128i initial_abcd = _mm_set_epi32(0x67452301, word(0xefcdab89u), word(0x98badcfeu), 0x10325476);
  const __m128i initial_e = _mm_set_epi32(word(0xc3d2e1f0u), 0, 0, 0);
  const __m128i front = _mm_set_epi32(word(parent[0]), word(parent[1]), word(parent[2]), word(parent[3]));
  stream all[Streams];
#pragma GCC unroll 4
  for (int s = 0; s < Streams; ++s) {
    const std::uint32_t child = first + static_cast<std::uint32_t>(s);
    all[s] = {initial_abcd,
              initial_abcd,
              {front, _mm_set_epi32(word(parent[4]), word(child), word(0x80000000u), 0), _mm_setzero_si128(),
               _mm_set_epi32(0, 0, 0, 192)}};
  }
  all_rounds<Streams>(all, initial_e, std::make_integer_sequence<int, 20>());
#pragma GCC unroll 4
  for (int s = 0; s < Streams; ++s) {
    const __m128i abcd = _mm_shuffle_epi32(_mm_add_epi32(all[s].abcd, initial_abcd), 0x1b);
    const __m128i e = _mm_sha1nexte_epu32(all[s].before, initial_e);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out[s].data()), abcd);
    out[s][4] = static_cast<std::uint32_t>(_mm_extract_epi32(e, 3));
  }
}

}  // namespace

bool has_sha_extensions() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (b >> 29 & 1) == 0) return false;
  return __builtin_cpu_supports("sse4.1") != 0;
}

WEFT_SHA_TARGET void derive_sha_extensions(const digest& parent, std::uint32_t first,
                                           std::span<digest> children) noexcept {
  for (; children.size() >= 4; children = children.subspan(4), first += 4)
    hash_children<4>(parent, first, children.data());
  if (children.size() == 3) hash_children<3>(parent, first, children.data());
  if (children.size() == 2) hash_children<2>(parent, first, children.data());
  if (children.size() == 1) hash_children<1>(parent, first, children.data());
}

}  // namespace weft::uts::detail

#else

namespace weft::uts::detail {

bool has_sha_extensions() noexcept { return false; }
void derive_sha_extensions(const digest&, std::uint32_t, std::span<digest>) noexcept {}

}  // namespace weft::uts::detail

#endif
