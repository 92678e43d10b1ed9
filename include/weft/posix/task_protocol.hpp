// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>
#include <weft/core/bytes.hpp>
#include <weft/core/codec.hpp>

/// What a rank and the supervisor of its tasks say to each other over two pipes: frames of a length, a kind and an
/// encoded value. Both ends are the same program.
namespace weft::posix {

/// The first frame to a supervisor.
struct supervisor_options {
  std::int32_t rank = 0;
  std::int32_t slots = 1;          ///< tasks of one core that run at the same time
  std::string output;              ///< path of the output log, without its endings (output_log.hpp)
  std::uint64_t output_limit = 0;  ///< bytes of output that are kept of one task; 0: all
  std::string lock_file;           ///< a shared lock is held on it while tasks may run; empty: none
};

struct supervised_task {
  std::uint64_t id = 0;
  std::uint32_t attempt = 1;
  std::int32_t cores = 1;              ///< slots that it takes
  std::int64_t time_limit = 0;         ///< nanoseconds; 0: none
  std::string command;                 ///< for `/bin/sh -c`
  std::string directory;               ///< empty: the supervisor's
  std::vector<std::string> variables;  ///< "NAME=value"
};

enum class task_outcome : std::uint8_t {
  ended,      ///< by itself
  timed_out,  ///< killed, because its time limit had passed
  stopped,    ///< killed, because tasks had to end; it was not its fault
  unstarted,  ///< given back as it came
};

struct supervised_end {
  std::uint64_t id = 0;
  std::uint32_t attempt = 1;
  task_outcome outcome = task_outcome::ended;
  std::array<std::uint8_t, 3> reserved{};  ///< named, so that no padding travels: it is whatever stood there
  std::int32_t exit_code = -1;  ///< -1 when a signal ended it
  std::int32_t signal = 0;      ///< 0 when it exited
  std::int32_t slot = 0;        ///< the first of those that it took
  std::int32_t reserved_too = 0;
  std::int64_t start = 0;       ///< nanoseconds since 1970
  std::int64_t length = 0;      ///< nanoseconds from its start to its end
  std::int64_t processor = 0;   ///< nanoseconds of processor time
  std::uint64_t memory = 0;     ///< largest resident size of one of its processes, bytes
};

enum class task_frame : std::uint8_t {
  options,    ///< to the supervisor: supervisor_options
  start,      ///< to the supervisor: supervised_task; it waits there until slots are free
  give_back,  ///< to the supervisor: returns what has not started (`unstarted`)
  stopping,   ///< to the supervisor: a signal has come; tasks that die of one now are `stopped`
  stop,       ///< to the supervisor: gives back, and ends what runs
  ended,      ///< from the supervisor: supervised_end
};

namespace detail {
inline constexpr std::size_t frame_head = sizeof(std::uint32_t) + sizeof(task_frame);

inline void finish_frame(byte_buffer& out, std::size_t start, task_frame kind) {
  const auto length = static_cast<std::uint32_t>(out.size() - start - frame_head);
  std::memcpy(out.data() + start, &length, sizeof length);
  std::memcpy(out.data() + start + sizeof length, &kind, sizeof kind);
}
}  // namespace detail

inline void append_frame(byte_buffer& out, task_frame kind) {
  const std::size_t start = out.size();
  out.resize(start + detail::frame_head);
  detail::finish_frame(out, start, kind);
}

template <class T>
void append_frame(byte_buffer& out, task_frame kind, const T& value) {
  const std::size_t start = out.size();
  out.resize(start + detail::frame_head);
  encode(out, value);
  detail::finish_frame(out, start, kind);
}

/// Puts a stream of pieces together to frames.
class frame_parser {
 public:
  void feed(std::span<const std::byte> piece) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    waiting_.insert(waiting_.end(), piece.begin(), piece.end());
  }
  /// The next frame that is whole; the content is valid until `feed`.
  std::optional<task_frame> next(std::span<const std::byte>& content) {
    const std::span<const std::byte> rest = std::span<const std::byte>(waiting_).subspan(taken_);
    std::uint32_t length = 0;
    if (rest.size() < detail::frame_head) return std::nullopt;
    std::memcpy(&length, rest.data(), sizeof length);
    if (rest.size() - detail::frame_head < length) return std::nullopt;
    task_frame kind{};
    std::memcpy(&kind, rest.data() + sizeof length, sizeof kind);
    content = rest.subspan(detail::frame_head, length);
    taken_ += detail::frame_head + length;
    return kind;
  }

 private:
  std::vector<std::byte> waiting_;
  std::size_t taken_ = 0;
};

template <class T>
T decode_frame(std::span<const std::byte> content) {
  T value;
  reader in(content);
  decode(in, value);
  return value;
}

}  // namespace weft::posix
