// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <string>
#include <weft/core/log.hpp>

namespace weft {
namespace {

char letter(log_level level) { return "EWID"[static_cast<int>(level)]; }

std::string head(log_level level, std::chrono::nanoseconds elapsed, int rank, int size, std::string_view room) {
  const int width = static_cast<int>(std::to_string(size).size());
  const double seconds = std::chrono::duration<double>(elapsed).count();
  char text[96];
  std::snprintf(text, sizeof text, "[%9.3f r%0*d/%d] %c ", seconds, width, rank, size, letter(level));
  std::string result = text;
  if (!room.empty()) result.append(room).append(": ");
  return result;
}

}  // namespace

void logger::write(log_level level, std::string_view room, std::string_view text) const {
  if (!enabled(level)) return;
  const auto elapsed = output_.elapsed != nullptr ? output_.elapsed(output_.self) : std::chrono::nanoseconds{};
  const std::string start = head(level, elapsed, rank_, size_, room);
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (;;) {
    const auto end = text.find('\n');
    std::string line = start;
    line.append(text.substr(0, end)).push_back('\n');
    output_.write(output_.self, line);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace weft
