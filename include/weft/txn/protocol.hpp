// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

/// Atomic commit as pure state machines: `coordinator` and `participant`. Each of their member functions is one step:
/// an event comes in, and what is to be done about it goes into `effects`. Nothing here knows a clock, a file, a
/// thread, a random number or a message's way; docs/design/transactions.md has the tables and the argument.
namespace weft::txn {

/// What makes a transaction committed.
enum class decision_rule : std::uint8_t {
  explicit_record,  ///< the coordinator's durable record (presumed abort): two forces in series
  implicit,         ///< the durable `prepared` records of all that are listed in them: one force in series
};

enum class message_kind : std::uint8_t {
  // From the coordinator.
  prepare,             ///< vote; `yes` is a promise that survives a crash
  prepare_listed,      ///< the same under the implicit rule: whoever does not refuse leaves a record
  commit_alone,        ///< there is no other participant: decide
  release,             ///< nothing was written here, and all votes are in: free the locks
  commit,              ///< to be acknowledged
  abort,               ///< needs no answer
  abort_acknowledged,  ///< to be acknowledged
  // From the participant.
  vote_yes,
  vote_no,
  vote_read_only,  ///< wrote nothing, keeps nothing, need not learn the outcome
  committed_alone,
  acknowledge,
  inquire,  ///< what became of it?
};
inline constexpr int message_kinds = 13;

/// What a step leaves in the journal. `committed` and `aborted` may also stand alone.
enum class record_kind : std::uint8_t { none, prepared, committed, aborted, ended };

enum class vote : std::uint8_t { none, yes, no, read_only };

/// What the owner of a state machine is to do for it.
enum class upcall : std::uint8_t {
  prepare,         ///< ask the resource for its vote and hand it to `on_voted`, at once or later
  commit,          ///< make the writes visible, free the locks; may come again after a restart
  abort,           ///< discard the writes, free the locks
  release,         ///< free the locks: nothing was written
  recover,         ///< after a restart: take the locks of the prepared writes again
  tell_committed,  ///< the client gets its answer
  tell_aborted,
};

struct outgoing {
  std::uint32_t member = 0;  ///< of the coordinator's list; a participant sends to its coordinator only
  message_kind what = message_kind::prepare;
};

/// The messages of one step: a handful, so that the first ones need no memory of their own.
class outgoing_list {
 public:
  bool empty() const noexcept { return size_ == 0; }
  void clear() noexcept {
    size_ = 0;
    more_.clear();
  }
  void push_back(const outgoing& one) {
    if (size_ < few) {
      first_[size_++] = one;
      return;
    }
    if (more_.empty()) more_.assign(first_.begin(), first_.end());
    more_.push_back(one);
    ++size_;
  }
  const outgoing* begin() const noexcept { return size_ <= few ? first_.data() : more_.data(); }
  const outgoing* end() const noexcept { return begin() + size_; }

 private:
  static constexpr std::size_t few = 4;
  std::array<outgoing, few> first_{};
  std::vector<outgoing> more_;  ///< all of them, if they are more than a few
  std::size_t size_ = 0;
};

/// What one step asks for, to be done in this order: append the record, send the messages, make the upcalls. No message
/// or upcall of a step waits for the step's own record: those that do come with a later `on_durable`. That call is due
/// for every record but `ended`; if the record is `urgent`, somebody waits for it.
struct effects {
  outgoing_list messages;
  record_kind record = record_kind::none;
  bool urgent = false;
  bool arm_timer = false;  ///< `on_timer` is wanted, some time from now
  std::uint8_t upcalls = 0;

  void clear() noexcept {
    messages.clear();
    record = record_kind::none;
    urgent = arm_timer = false;
    upcalls = 0;
  }
  void send(std::uint32_t member, message_kind what) { messages.push_back({member, what}); }
  void append(record_kind what, bool is_urgent) noexcept {
    record = what;
    urgent = is_urgent;
  }
  void call(upcall what) noexcept { upcalls = static_cast<std::uint8_t>(upcalls | bit(what)); }
  bool calls(upcall what) const noexcept { return (upcalls & bit(what)) != 0; }

 private:
  static constexpr unsigned bit(upcall what) noexcept { return 1u << static_cast<unsigned>(what); }
};

/// "vote_yes".
const char* name_of(message_kind what) noexcept;
const char* name_of(record_kind what) noexcept;

}  // namespace weft::txn
