// SPDX-License-Identifier: BSL-1.0
#include "sha1.hpp"

#include "sha1_extensions.hpp"

namespace weft::uts {
namespace {

constexpr digest initial{0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};

constexpr std::uint32_t rotate(std::uint32_t x, int by) noexcept { return x << by | x >> (32 - by); }

/// SHA-1 (FIPS 180-4) of one message that fits one padded block of 16 words.
digest hash_block(std::array<std::uint32_t, 16> w) noexcept {
  std::uint32_t a = initial[0], b = initial[1], c = initial[2], d = initial[3], e = initial[4];
  auto round = [&](std::uint32_t f, std::uint32_t k, std::uint32_t word) {
    const std::uint32_t next = rotate(a, 5) + f + e + k + word;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  };
  auto expand = [&](std::size_t t) {  // the schedule needs only the last 16 words
    std::uint32_t& word = w[t & 15];
    word = rotate(w[(t + 13) & 15] ^ w[(t + 8) & 15] ^ w[(t + 2) & 15] ^ word, 1);
    return word;
  };
  for (std::size_t t = 0; t < 16; ++t) round((b & c) | (~b & d), 0x5a827999u, w[t]);
  for (std::size_t t = 16; t < 20; ++t) round((b & c) | (~b & d), 0x5a827999u, expand(t));
  for (std::size_t t = 20; t < 40; ++t) round(b ^ c ^ d, 0x6ed9eba1u, expand(t));
  for (std::size_t t = 40; t < 60; ++t) round((b & c) | (b & d) | (c & d), 0x8f1bbcdcu, expand(t));
  for (std::size_t t = 60; t < 80; ++t) round(b ^ c ^ d, 0xca62c1d6u, expand(t));
  return {initial[0] + a, initial[1] + b, initial[2] + c, initial[3] + d, initial[4] + e};
}

void derive_scalar(const digest& parent, std::uint32_t first, std::span<digest> children) noexcept {
  std::array<std::uint32_t, 16> block{parent[0], parent[1], parent[2], parent[3], parent[4], 0, 0x80000000u};
  block[15] = 192;  // bits
  for (digest& child : children) {
    block[5] = first++;
    child = hash_block(block);
  }
}

}  // namespace

digest root_state(std::int32_t seed) noexcept {
  std::array<std::uint32_t, 16> block{};
  block[4] = static_cast<std::uint32_t>(seed);
  block[5] = 0x80000000u;
  block[15] = 160;  // bits
  return hash_block(block);
}

bool has(sha1_path path) noexcept { return path == sha1_path::scalar || detail::has_sha_extensions(); }

sha1_path best_sha1_path() noexcept {
  return detail::has_sha_extensions() ? sha1_path::sha_extensions : sha1_path::scalar;
}

std::string_view name(sha1_path path) noexcept { return path == sha1_path::scalar ? "scalar" : "sha extensions"; }

derive_function derive(sha1_path path) noexcept {
  return path == sha1_path::scalar ? derive_scalar : detail::derive_sha_extensions;
}

}  // namespace weft::uts
