// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/protocol.hpp>

#include <array>
#include <cstddef>

namespace weft::txn {

const char* name_of(message_kind what) noexcept {
  static constexpr std::array<const char*, message_kinds> names{
      "prepare",  "prepare_listed", "commit_alone",   "release",         "commit",      "abort",  "abort_acknowledged",
      "vote_yes", "vote_no",        "vote_read_only", "committed_alone", "acknowledge", "inquire"};
  const auto at = static_cast<std::size_t>(what);
  return at < names.size() ? names[at] : "unknown";
}

const char* name_of(record_kind what) noexcept {
  static constexpr std::array<const char*, 5> names{"none", "prepared", "committed", "aborted", "ended"};
  const auto at = static_cast<std::size_t>(what);
  return at < names.size() ? names[at] : "unknown";
}

}  // namespace weft::txn
