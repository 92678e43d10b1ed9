// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <weft/core/crc32c.hpp>
#include <weft/core/error.hpp>
#include <weft/posix/output_log.hpp>

namespace weft::posix {
namespace {

constexpr std::size_t checked_from = offsetof(output_frame, task);

[[noreturn]] void cannot_write_output(const std::string& path, int code) {
  throw world_error("cannot write '" + path + "': " + std::strerror(code), code);
}

file_descriptor open_for_appending(const std::string& path) {
  file_descriptor opened(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!opened) cannot_write_output(path, errno);
  return opened;
}

/// One write, so that nobody else's bytes come in between. A disk that is full takes a part: that is an error.
void append_at_once(const file_descriptor& to, std::span<const iovec> pieces, std::size_t bytes,
                    const std::string& path) {
  for (;;) {
    const ssize_t written = ::writev(to.get(), pieces.data(), static_cast<int>(pieces.size()));
    if (written == static_cast<ssize_t>(bytes)) return;
    if (written < 0 && errno == EINTR) continue;
    cannot_write_output(path, written < 0 ? errno : ENOSPC);
  }
}

void* writable_address(const void* bytes) { return const_cast<void*>(bytes); }  // iovec is older than const

}  // namespace

std::uint32_t checksum_of(const output_frame& head, std::span<const std::byte> piece) noexcept {
  const auto bytes = std::as_bytes(std::span(&head, 1)).subspan(checked_from);
  return crc32c(piece.data(), piece.size(), crc32c(bytes.data(), bytes.size()));
}

output_log::output_log(const std::string& path, std::uint64_t limit)
    : path_(path),
      limit_(limit),
      log_(open_for_appending(path + ".log")),
      index_(open_for_appending(path + ".index")) {}

void output_log::write(task_output& of, output_stream stream, std::span<const std::byte> piece) {
  if (limit_ != 0) {
    const std::uint64_t room = limit_ - std::min(limit_, of.kept[0] + of.kept[1]);
    of.cut += piece.size() - std::min<std::uint64_t>(piece.size(), room);
    piece = piece.first(std::min<std::uint64_t>(piece.size(), room));
  }
  if (piece.empty()) return;
  output_frame head;
  head.task = of.task;
  head.previous = of.last;
  head.attempt = of.attempt;
  head.length = static_cast<std::uint32_t>(piece.size());
  head.stream = stream == output_stream::out ? 1 : 2;
  head.checksum = checksum_of(head, piece);
  const std::array<iovec, 2> parts{
      {{writable_address(&head), sizeof head}, {writable_address(piece.data()), piece.size()}}};
  append_at_once(log_, parts, sizeof head + piece.size(), path_ + ".log");
  // After an appending write the descriptor stands behind what it wrote.
  of.last = static_cast<std::uint64_t>(::lseek(log_.get(), 0, SEEK_CUR)) - sizeof head - piece.size();
  of.kept[head.stream - 1] += piece.size();
}

void output_log::finish(const task_output& of) {
  if (of.is_silent()) return;
  std::string line = std::to_string(of.task) + ' ' + std::to_string(of.attempt) + ' ';
  line += of.last == output_frame::none ? "-" : std::to_string(of.last);
  for (const std::uint64_t bytes : {of.kept[0], of.kept[1], of.cut}) line += ' ' + std::to_string(bytes);
  line += '\n';
  const std::array<iovec, 1> parts{{{line.data(), line.size()}}};
  append_at_once(index_, parts, line.size(), path_ + ".index");
}

}  // namespace weft::posix
