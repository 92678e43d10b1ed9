// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include <weft/journal/reader.hpp>

#include "ledger_records.hpp"

namespace weft::farm {

/// What a journal tells of a batch, record by record.
class history {
 public:
  struct standing {
    std::uint32_t starts = 0;    ///< attempts that were handed out and not given back unused
    std::uint32_t failures = 0;  ///< that count
    bool is_done = false;
    bool is_failed = false;
    std::uint32_t last = 0;  ///< place in `ends` of the newest attempt, plus 1
  };

  /// A record. Throws `error` if it is none of a farm's.
  void visit(const journal_record& record);

  /// A task that has failed is to be tried anew; `write` says so too.
  void forgive(std::uint64_t id);

  const std::optional<list_record>& list() const noexcept { return list_; }
  const std::vector<run_record>& runs() const noexcept { return runs_; }
  bool runs_dependents() const;  ///< of tasks that failed, in the last run
  /// Attempts that have ended, in order.
  const std::vector<ended_record>& ends() const noexcept { return ends_; }
  /// Attempts that have begun and of which no end is known: they run now, or were lost.
  const std::unordered_map<std::uint64_t, lease_record>& open_leases() const noexcept { return open_; }
  standing of(std::uint64_t id) const;
  std::uint64_t done() const noexcept { return done_; }
  std::uint64_t failed() const noexcept { return failed_; }
  /// The ends that decided a task, in order: one for each that is done or failed.
  std::vector<const ended_record*> decisions() const;

  /// Appends records that say the same to a new journal.
  void write(journal& to) const;

 private:
  std::optional<list_record> list_;
  std::vector<run_record> runs_;
  std::vector<ended_record> ends_;
  std::unordered_map<std::uint64_t, lease_record> open_;
  std::unordered_map<std::uint64_t, standing> standings_;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace weft::farm
