// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/lock_table.hpp>

#include <algorithm>

#include <weft/core/planted_fault.hpp>

namespace weft::txn {
namespace {

bool conflict(const lock_table::request& a, const lock_table::request& b) noexcept {
  return a.owner != b.owner && (a.mode == lock_mode::exclusive || b.mode == lock_mode::exclusive);
}

}  // namespace

lock_table::entry& lock_table::entry_of(std::string_view key) {
  std::string text(key);
  if (const auto found = locks_.find(text); found != locks_.end()) return *found;
  if (spare_locks_.empty()) return *locks_.try_emplace(std::move(text)).first;
  table::node_type node = std::move(spare_locks_.back());
  spare_locks_.pop_back();
  node.key() = std::move(text);
  return *locks_.insert(std::move(node)).position;
}

lock_table::owner_state& lock_table::state_of(owner_id owner) {
  if (const auto found = owners_.find(owner); found != owners_.end()) return found->second;
  if (spare_owners_.empty()) return owners_[owner];
  owners::node_type node = std::move(spare_owners_.back());
  spare_owners_.pop_back();
  node.key() = owner;
  return owners_.insert(std::move(node)).position->second;
}

lock_answer lock_table::acquire(std::string_view key, const request& what) {
  entry& at = entry_of(key);
  lock& l = at.second;
  const auto held =
      std::find_if(l.holders.begin(), l.holders.end(), [&](const request& h) { return h.owner == what.owner; });
  const bool is_upgrade = held != l.holders.end();
  if (is_upgrade && (held->mode == lock_mode::exclusive || what.mode == lock_mode::shared ||
                     WEFT_PLANTED("txn.shared_lock_is_enough_to_write")))
    return lock_answer::granted;

  const bool is_free =
      std::none_of(l.holders.begin(), l.holders.end(), [&](const request& h) { return conflict(h, what); });
  // An upgrade passes those that wait: they wait for its owner already.
  const std::size_t ahead = is_upgrade ? 0 : l.waiters.size();
  const auto queue_end = l.waiters.begin() + static_cast<std::ptrdiff_t>(ahead);
  const bool is_next = std::none_of(l.waiters.begin(), queue_end, [&](const request& w) { return conflict(w, what); });
  if (is_upgrade && policy_ == lock_policy::wound_wait) {
    // Those that it passes wait for it from now on: the older ones would not have waited.
    for (const request& passed : l.waiters) wound(what, passed);
  }
  if (is_free && is_next) {
    grant(at, what);
    return lock_answer::granted;
  }
  return wait(at, what, ahead);
}

lock_answer lock_table::wait(entry& at, const request& what, std::size_t place) {
  lock& l = at.second;
  if (policy_ == lock_policy::no_wait || (policy_ == lock_policy::wait_die && !may_wait(l, what, place)))
    return lock_answer::refused;
  if (policy_ == lock_policy::wound_wait) wound(l, what, place);
  l.waiters.insert(l.waiters.begin() + static_cast<std::ptrdiff_t>(place), what);
  state_of(what.owner).touched.push_back(&at);
  return lock_answer::waiting;
}

/// Whether it is older than everybody that it would wait for.
bool lock_table::may_wait(const lock& at, const request& what, std::size_t ahead) const {
  const auto is_older = [&](const request& other) {
    return !conflict(other, what) || what.age < other.age || WEFT_PLANTED("txn.younger_one_waits_too");
  };
  return std::all_of(at.holders.begin(), at.holders.end(), is_older) &&
         std::all_of(at.waiters.begin(), at.waiters.begin() + static_cast<std::ptrdiff_t>(ahead), is_older);
}

void lock_table::wound(const lock& at, const request& what, std::size_t ahead) {
  for (const request& holder : at.holders) wound(holder, what);
  for (std::size_t i = 0; i < ahead; ++i) wound(at.waiters[i], what);
}

void lock_table::wound(const request& victim, const request& by) {
  if (!conflict(victim, by) || victim.age < by.age) return;
  owner_state& of = state_of(victim.owner);
  if (of.is_victim) return;
  of.is_victim = true;
  if (!WEFT_PLANTED("txn.victim_is_not_told")) victims_.push_back(victim.owner);
}

void lock_table::grant(entry& at, const request& what) {
  lock& l = at.second;
  const auto held =
      std::find_if(l.holders.begin(), l.holders.end(), [&](const request& h) { return h.owner == what.owner; });
  if (held != l.holders.end()) {
    if (what.mode == lock_mode::exclusive) held->mode = lock_mode::exclusive;
    return;
  }
  l.holders.push_back(what);
  state_of(what.owner).touched.push_back(&at);
}

void lock_table::grant_waiters(entry& at) {
  lock& l = at.second;
  std::size_t count = 0;
  for (; count < l.waiters.size(); ++count) {
    const request next = l.waiters[count];
    const bool is_free = std::none_of(l.holders.begin(), l.holders.end(), [&](const request& h) { return conflict(h, next); });
    if (!is_free && !WEFT_PLANTED("txn.all_waiters_are_granted")) break;
    grant(at, next);
    granted_.push_back(next.ticket);
  }
  l.waiters.erase(l.waiters.begin(), l.waiters.begin() + static_cast<std::ptrdiff_t>(count));
}

void lock_table::drop(entry& at, owner_id owner) {
  lock& l = at.second;
  const auto is_its = [&](const request& r) { return r.owner == owner; };
  std::erase_if(l.holders, is_its);
  std::erase_if(l.waiters, is_its);
  grant_waiters(at);
}

void lock_table::release(owner_id owner) {
  const auto found = owners_.find(owner);
  if (found == owners_.end()) return;
  owners::node_type gone = owners_.extract(found);
  std::vector<entry*>& touched = gone.mapped().touched;
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  // By key, so that the grants do not depend on where the entries lie.
  std::sort(touched.begin(), touched.end(), [](const entry* a, const entry* b) { return a->first < b->first; });
  for (entry* at : touched) {
    drop(*at, owner);
    if (!at->second.holders.empty() || !at->second.waiters.empty()) continue;
    table::node_type free = locks_.extract(at->first);
    if (spare_locks_.size() < most_spare) spare_locks_.push_back(std::move(free));
  }
  touched.clear();
  gone.mapped().is_victim = false;
  if (spare_owners_.size() < most_spare) spare_owners_.push_back(std::move(gone));
}

bool lock_table::holds(owner_id owner, std::string_view key, lock_mode mode) const {
  const auto found = locks_.find(std::string(key));
  if (found == locks_.end()) return false;
  const auto& holders = found->second.holders;
  return std::any_of(holders.begin(), holders.end(), [&](const request& h) {
    return h.owner == owner && (h.mode == lock_mode::exclusive || mode == lock_mode::shared);
  });
}

bool lock_table::is_waiting(owner_id owner) const {
  const auto found = owners_.find(owner);
  if (found == owners_.end()) return false;
  return std::any_of(found->second.touched.begin(), found->second.touched.end(), [&](const entry* at) {
    const auto& waiters = at->second.waiters;
    return std::any_of(waiters.begin(), waiters.end(), [&](const request& w) { return w.owner == owner; });
  });
}

}  // namespace weft::txn
