// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weft/world/time.hpp>

namespace weft::farm {

/// A length of time as users write it: "90" (seconds), "1.5h", "10m", "2d", "250ms", "1:30:00" (hours), "5:00"
/// (minutes). Nothing if it is none, is negative or does not fit.
std::optional<duration> parse_time(std::string_view text);
/// "0.25 s", "42 s", "5:07", "1:30:00": for people.
std::string time_text(double seconds);

/// A number of bytes: "4096", "64K", "10M", "2G" (powers of 1024; "MB", "MiB" too).
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace weft::farm
