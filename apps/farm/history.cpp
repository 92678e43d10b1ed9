// SPDX-License-Identifier: BSL-1.0
#include "history.hpp"

#include <algorithm>

#include <weft/core/codec.hpp>
#include <weft/core/error.hpp>

#include "batch_options.hpp"

namespace weft::farm {
namespace {

template <class T>
void put(journal& to, ledger_record type, const T& value) {
  byte_buffer bytes;
  encode(bytes, value);
  to.append(static_cast<std::uint16_t>(type), bytes.bytes());
}

}  // namespace

void history::visit(const journal_record& record) {
  using posix::decode_frame;
  switch (static_cast<ledger_record>(record.type)) {
    case ledger_record::list:
      list_ = decode_frame<list_record>(record.payload);
      if (list_->format != 1) throw error("the journal is of a later weft-farm");
      return;
    case ledger_record::run:
      runs_.push_back(decode_frame<run_record>(record.payload));
      return;
    case ledger_record::lease: {
      const auto lease = decode_frame<lease_record>(record.payload);
      open_[lease.id] = lease;
      standing& task = standings_[lease.id];
      task.starts = std::max(task.starts, lease.attempt);
      return;
    }
    case ledger_record::ended: {
      const auto end = decode_frame<ended_record>(record.payload);
      open_.erase(end.end.id);
      standing& task = standings_[end.end.id];
      if (end.end.outcome == posix::task_outcome::unstarted) {
        task.starts = end.end.attempt - 1;
        return;
      }
      ends_.push_back(end);
      task.starts = std::max(task.starts, end.end.attempt);
      task.last = static_cast<std::uint32_t>(ends_.size());
      if (task.is_done || task.is_failed) return;
      if (end.worth == attempt_worth::failed || end.worth == attempt_worth::retried) ++task.failures;
      task.is_done = end.worth == attempt_worth::done;
      task.is_failed = end.worth == attempt_worth::failed;
      done_ += task.is_done ? 1 : 0;
      failed_ += task.is_failed ? 1 : 0;
      return;
    }
    case ledger_record::forgive:
      return forgive(decode_frame<forgive_record>(record.payload).id);
  }
  throw error("the journal holds a record of type " + std::to_string(record.type) + ", which is none of weft-farm's");
}

void history::forgive(std::uint64_t id) {
  standing& task = standings_[id];
  if (!task.is_failed) return;
  task.is_failed = false;
  task.failures = 0;
  --failed_;
}

bool history::runs_dependents() const {
  if (runs_.empty()) return false;
  batch_options options;
  set_from_json(options, runs_.back().options);
  return options.run_dependents;
}

history::standing history::of(std::uint64_t id) const {
  const auto found = standings_.find(id);
  return found == standings_.end() ? standing{} : found->second;
}

std::vector<const ended_record*> history::decisions() const {
  std::vector<const ended_record*> found;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const standing task = of(ends_[i].end.id);
    if ((task.is_done || task.is_failed) && task.last == i + 1) found.push_back(&ends_[i]);
  }
  return found;
}

void history::write(journal& to) const {
  if (list_) put(to, ledger_record::list, *list_);
  for (const run_record& run : runs_) put(to, ledger_record::run, run);
  for (const ended_record& end : ends_) {
    put(to, ledger_record::ended, end);
    // A failure that decides its task decides it again when it is read; what came after says that it was forgiven.
    if (end.worth == attempt_worth::failed && !of(end.end.id).is_failed) {
      put(to, ledger_record::forgive, forgive_record{end.end.id});
    }
  }
  for (const auto& [id, lease] : open_) put(to, ledger_record::lease, lease);
}

}  // namespace weft::farm
