// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace weft::bench {

/// The serialised value of the benchmarks: a name, 16 doubles, 4 named counters (222 bytes packed by hand).
struct record {
  std::int64_t id = 0;
  std::string name;
  std::vector<double> samples;
  std::map<std::string, int> counters;

  template <class Archive>
  void serialize(Archive& ar, unsigned /*version*/) {
    ar& id& name& samples& counters;
  }
  friend bool operator==(const record&, const record&) = default;
};

record sample_record();

/// The peer that is written to win: packs a record into a kept buffer by hand.
void pack(const record& value, std::vector<char>& buffer);
/// Unpacks into a fresh record. The buffer is trusted.
record unpack(const char* data);

}  // namespace weft::bench
