// SPDX-License-Identifier: BSL-1.0
#include "record.hpp"

namespace weft::bench {

namespace {

void put(char*& at, const void* data, std::size_t bytes) {
  std::memcpy(at, data, bytes);
  at += bytes;
}

template <class T>
void put(char*& at, T value) {
  put(at, &value, sizeof value);
}

template <class T>
T take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

std::string take_string(const char*& at) {
  const auto size = take<std::uint32_t>(at);
  std::string text(at, size);
  at += size;
  return text;
}

}  // namespace

record sample_record() {
  record r;
  r.id = 4711;
  r.name = "lattice-site";
  for (int i = 0; i < 16; ++i) r.samples.push_back(0.5 * i);
  r.counters = {{"accepted", 17}, {"rejected", 4}, {"swaps", 9}, {"updates", 1024}};
  return r;
}

void pack(const record& value, std::vector<char>& buffer) {
  std::size_t bytes = sizeof value.id + 12 + value.name.size() + value.samples.size() * sizeof(double);
  for (const auto& counter : value.counters) bytes += 8 + counter.first.size();
  buffer.resize(bytes);
  char* at = buffer.data();
  put(at, value.id);
  put(at, static_cast<std::uint32_t>(value.name.size()));
  put(at, value.name.data(), value.name.size());
  put(at, static_cast<std::uint32_t>(value.samples.size()));
  put(at, value.samples.data(), value.samples.size() * sizeof(double));
  put(at, static_cast<std::uint32_t>(value.counters.size()));
  for (const auto& [key, count] : value.counters) {
    put(at, static_cast<std::uint32_t>(key.size()));
    put(at, key.data(), key.size());
    put(at, count);
  }
}

record unpack(const char* at) {
  record r;
  r.id = take<std::int64_t>(at);
  r.name = take_string(at);
  const auto samples = take<std::uint32_t>(at);
  r.samples.resize(samples);
  std::memcpy(r.samples.data(), at, samples * sizeof(double));
  at += samples * sizeof(double);
  const auto counters = take<std::uint32_t>(at);
  for (std::uint32_t i = 0; i < counters; ++i) {
    std::string key = take_string(at);
    r.counters.emplace_hint(r.counters.end(), std::move(key), take<int>(at));
  }
  return r;
}

}  // namespace weft::bench
