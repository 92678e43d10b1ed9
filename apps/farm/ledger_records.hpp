// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include <weft/posix/task_protocol.hpp>

namespace weft::farm {

/// The records of a farm's journal, encoded values each; docs/farm.md lists them. The numbers never change.
enum class ledger_record : std::uint16_t {
  list = 1,     ///< list_record: how many tasks there are; the last one counts
  run = 2,      ///< run_record: a run has begun
  lease = 3,    ///< lease_record: an attempt was handed out
  ended = 4,    ///< ended_record: an attempt has ended
  forgive = 5,  ///< forgive_record: a failed task is to be tried anew
};

struct list_record {
  std::uint32_t format = 1;
  std::uint64_t tasks = 0;
  std::uint64_t stored_bytes = 0;  ///< of the stored list that holds them
};

struct run_record {
  std::int32_t ranks = 1;
  std::int32_t slots = 1;
  std::string options;  ///< of this run, as JSON, for `resume`
};

struct lease_record {
  std::uint64_t id = 0;
  std::uint32_t attempt = 1;
  std::int32_t rank = 0;
};

/// What an attempt was worth.
enum class attempt_worth : std::uint8_t {
  done,     ///< the task has succeeded: it never runs again
  failed,   ///< the task has failed for good
  retried,  ///< failed, and will be tried again
  nothing,  ///< was stopped, or failed on a sick node: counts for nothing
};

struct ended_record {
  posix::supervised_end end;
  attempt_worth worth = attempt_worth::done;
  std::int32_t rank = 0;
};

struct forgive_record {
  std::uint64_t id = 0;
};

}  // namespace weft::farm
