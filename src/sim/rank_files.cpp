// SPDX-License-Identifier: BSL-1.0
#include "sim/rank_files.hpp"

#include <algorithm>
#include <cerrno>

#include <weft/core/error.hpp>

namespace weft::sim {

namespace {

constexpr std::uint64_t a_lock_may_be_free = 0;
// How soon a waiting rank hears of a lock that was released: it has to look again.
constexpr std::int64_t lock_retry = 200'000;

}  // namespace

open_file& rank_files::at(file_id file) {
  const auto found = open_.find(static_cast<std::int32_t>(file));
  if (found == open_.end()) throw world_error("a file that is not open", EBADF);
  return found->second;
}

file_id rank_files::add(open_file one) {
  open_[next_file_] = std::move(one);
  return file_id{next_file_++};
}

void rank_files::unlock(open_file& one) {
  if (one.holds_exclusive) one.file->is_locked = false;
  if (one.holds_shared) --one.file->shared_locks;
  one.holds_shared = one.holds_exclusive = false;
}

void rank_files::close(file_id file) {
  unlock(at(file));
  waiting_.remove_if([&](const waiting_lock& w) { return w.file == file; });
  open_.erase(static_cast<std::int32_t>(file));
}

void rank_files::close_all() {
  waiting_.clear();
  syncs_.clear();
  done_.clear();
  for (auto& entry : open_) unlock(entry.second);
  open_.clear();
}

void rank_files::done(void* token, storage_result result) {
  done_.push_back({token, result});
  self_.on.wake(self_);
}

bool rank_files::take(storage_completion& next) {
  if (done_.empty()) return false;
  next = done_.front();
  done_.pop_front();
  return true;
}

void rank_files::schedule(started_sync one) {
  const disk_options& disk = self_.on.options().disk;
  const auto spread = static_cast<std::uint64_t>((disk.sync_most - disk.sync_least).count()) + 1;
  const auto length = disk.sync_least.count() + static_cast<std::int64_t>(self_.random.below(spread));
  syncs_.emplace(++next_sync_, std::move(one));
  self_.on.call_at(self_.clock + length, *this, next_sync_);
}

void rank_files::sync(std::shared_ptr<disk_file> file, void* token) {
  const auto chance = static_cast<std::uint64_t>(self_.on.options().disk.failing_syncs_in_million);
  storage_result result;
  if (chance > 0 && self_.random.below(1'000'000) < chance) result = {storage_status::failed, EIO};
  disk_file::forced_content covered = file->begin_force();
  schedule({token, std::move(file), std::move(covered), nullptr, {}, result});
}

void rank_files::sync_names(disk_tree& tree, std::string directory, void* token, storage_result result) {
  schedule({token, nullptr, {}, &tree, std::move(directory), result});
}

void rank_files::on_time(std::uint64_t argument) {
  if (argument == a_lock_may_be_free) {
    look_at_locks();
    return;
  }
  const auto found = syncs_.find(argument);
  if (found == syncs_.end()) return;  // its rank is dead
  const started_sync one = std::move(found->second);
  syncs_.erase(found);
  if (one.file == nullptr) {
    if (one.result) one.tree->force_names(one.directory);
    done(one.token, one.result);
    return;
  }
  if (one.file->sync_failure) {
    if (one.result) {
      one.file->force(one.covered);
    } else {
      one.file->sync_failure = one.result;
      one.file->drop_some(self_.random);
    }
  }
  done(one.token, one.file->sync_failure);
}

bool rank_files::try_lock(const waiting_lock& wanted) {
  open_file& f = at(wanted.file);
  if (f.file->is_locked || (wanted.kind == lock_kind::exclusive && f.file->shared_locks > 0)) return false;
  if (wanted.kind == lock_kind::exclusive) {
    f.file->is_locked = f.holds_exclusive = true;
  } else {
    ++f.file->shared_locks;
    f.holds_shared = true;
  }
  return true;
}

void rank_files::look_at_locks() {
  const std::int64_t now = self_.on.now();
  for (auto w = waiting_.begin(); w != waiting_.end();) {
    const bool is_held = try_lock(*w);
    if (!is_held && now < w->deadline) {
      ++w;
      continue;
    }
    const waiting_lock over = *w;
    w = waiting_.erase(w);
    done(over.token, is_held ? storage_result{} : storage_result{storage_status::timed_out, ETIMEDOUT});
  }
  if (waiting_.empty()) return;
  const auto ends = [](const waiting_lock& w) { return w.deadline != never.time_since_epoch().count(); };
  const bool is_idle = std::none_of(waiting_.begin(), waiting_.end(), ends);
  self_.on.call_at(now + lock_retry, *this, a_lock_may_be_free, is_idle);
}

void rank_files::lock(file_id file, lock_kind kind, std::int64_t deadline, void* token) {
  at(file);
  if (waiting_.empty()) self_.on.call_at(self_.clock, *this, a_lock_may_be_free);
  waiting_.push_back({file, kind, deadline, token});
}

}  // namespace weft::sim
