// SPDX-License-Identifier: BSL-1.0
#include "dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace weft::farm {
namespace {

constexpr double work_ahead = 0.02;  // seconds of work that a rank may hold beyond what runs
constexpr int most_ahead = 64;       // tasks for each slot
constexpr double silence = 0.1;      // seconds after which a rank counts as busy with something long

}  // namespace

dispatcher::dispatcher(const std::vector<task>& tasks, const dispatch_rules& rules)
    : tasks_(tasks),
      rules_(rules),
      nodes_(tasks.size()),
      places_(static_cast<std::size_t>(rules.ranks)),
      health_(rules.ranks) {
  link_children();
}

/// `parents` hold ids; both they and the list are sorted.
void dispatcher::link_children() {
  const auto before = [](const task& one, std::uint64_t id) { return one.id < id; };
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t child = 0; child < tasks_.size(); ++child) {
    for (const std::uint64_t parent : tasks_[child].parents) {
      const auto found = std::lower_bound(tasks_.begin(), tasks_.end(), parent, before);
      edges.emplace_back(static_cast<std::uint32_t>(found - tasks_.begin()), child);
    }
    nodes_[child].unfinished = static_cast<std::uint32_t>(tasks_[child].parents.size());
  }
  std::sort(edges.begin(), edges.end());
  first_child_.assign(tasks_.size() + 1, 0);
  for (const auto& edge : edges) {
    children_.push_back(edge.second);
    ++first_child_[edge.first + 1];
  }
  for (std::size_t i = 1; i < first_child_.size(); ++i) first_child_[i] += first_child_[i - 1];
}

int dispatcher::retries_of(std::uint32_t task) const {
  return tasks_[task].retries == task::by_default ? rules_.retries : tasks_[task].retries;
}

void dispatcher::restore(std::uint32_t task, std::uint32_t starts, std::uint32_t failures, task_state state) {
  node& n = nodes_[task];
  n.starts = starts;
  n.failures = failures;
  if (state == task_state::done || state == task_state::failed) n.state = state;
}

void dispatcher::begin() {
  std::vector<std::uint32_t> over;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].state != task_state::blocked) over.push_back(i);
  }
  for (const std::uint32_t task : over) finish(task, nodes_[task].state);
  failed_before_ = failed_;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].state == task_state::blocked && nodes_[i].unfinished == 0) make_ready(i, false);
  }
}

void dispatcher::make_ready(std::uint32_t task, bool in_front) {
  nodes_[task].state = task_state::ready;
  if (in_front) return ready_.push_front(task, tasks_[task].priority);
  ready_.push(task, tasks_[task].priority);
}

// --- handing out -----------------------------------------------------------------------------------------------------

/// Leases beyond the slots of a rank, so that short tasks do not wait for messages. None of long tasks; few at the end.
int dispatcher::ahead() const {
  if (usual_ <= 0) return 0;
  const double enough = std::min<double>(most_ahead, work_ahead / usual_) * rules_.slots;
  const double share = static_cast<double>(ready_.size()) / (2.0 * rules_.ranks);
  return static_cast<int>(std::min(enough, share));
}

bool dispatcher::may_take(const place& at, int rank, std::uint32_t task) const {
  const int cores = tasks_[task].cores;
  if (cores > 1 ? at.used + cores > rules_.slots : at.used + cores > rules_.slots + ahead()) return false;
  return nodes_[task].avoid != rank || rules_.ranks - health_.apart() < 2;
}

bool dispatcher::give_one(int rank, std::vector<lease>& out) {
  place& at = places_[static_cast<std::size_t>(rank)];
  const bool is_reserved = reserved_rank_ == rank;
  const auto fits = [&](std::uint32_t task) {
    return (!is_reserved || task == reserved_task_) && may_take(at, rank, task);
  };
  const auto first = ready_.front();
  const auto got = ready_.take_first(fits);
  // Small tasks must not keep a large one waiting for ever: one rank at a time is kept free for it.
  if (first && reserved_rank_ == nobody && got != first && tasks_[*first].cores > 1 && nodes_[*first].avoid != rank) {
    reserved_task_ = *first;
    reserved_rank_ = rank;
  }
  if (!got) return false;
  if (*got == reserved_task_) reserved_task_ = reserved_rank_ = nobody;
  node& n = nodes_[*got];
  n.state = task_state::leased;
  ++n.starts;
  at.used += tasks_[*got].cores;
  ++at.leases;
  ++leased_;
  out.push_back({*got, n.starts, rank});
  return true;
}

std::vector<dispatcher::lease> dispatcher::hand_out(double now) {
  std::vector<lease> out;
  if (stopped_) return out;
  // One to each rank in turn, so that few tasks are spread.
  for (bool gave = true; gave && !ready_.empty();) {
    gave = false;
    const int most = rules_.slots + ahead();
    for (int rank = 0; rank < rules_.ranks && !ready_.empty(); ++rank) {
      place& at = places_[static_cast<std::size_t>(rank)];
      if (at.used >= most || !health_.may_have_more(rank)) continue;
      if (at.leases == 0) at.heard = now;
      gave = give_one(rank, out) || gave;
    }
  }
  return out;
}

int dispatcher::hoarder(double now) {
  if (!ready_.empty() || stopped_) return nobody;
  bool is_idle = false;
  int found = nobody;
  for (int rank = 0; rank < rules_.ranks; ++rank) {
    place& at = places_[static_cast<std::size_t>(rank)];
    if (at.leases == 0 && health_.may_have_more(rank)) is_idle = true;
    if (at.used > rules_.slots && !at.asked && now - at.heard > silence) found = rank;
  }
  if (!is_idle || found == nobody) return nobody;
  places_[static_cast<std::size_t>(found)].asked = true;
  return found;
}

// --- ends ------------------------------------------------------------------------------------------------------------

void dispatcher::finish(std::uint32_t task, task_state state) {
  nodes_[task].state = state;
  ++over_;
  if (state == task_state::failed) ++failed_;
  if (state == task_state::skipped) ++skipped_;
  // Skipping may go down long chains: a list, not a recursion.
  std::vector<std::pair<std::uint32_t, bool>> told;
  const auto tell_children = [&](std::uint32_t of) {
    const bool is_bad = nodes_[of].state != task_state::done;
    for (auto i = first_child_[of]; i < first_child_[of + 1]; ++i) told.emplace_back(children_[i], is_bad);
  };
  tell_children(task);
  while (!told.empty()) {
    const auto [child, is_bad] = told.back();
    told.pop_back();
    node& n = nodes_[child];
    --n.unfinished;
    if (n.state != task_state::blocked) continue;  // it was over before
    if (is_bad && !rules_.run_dependents) {
      n.state = task_state::skipped;
      ++over_;
      ++skipped_;
      tell_children(child);
    } else if (n.unfinished == 0) {
      make_ready(child, false);
    }
  }
}

void dispatcher::lose(std::uint32_t task) { make_ready(task, true); }

void dispatcher::fail_or_retry(std::uint32_t task, int rank, std::vector<decision>& out) {
  node& n = nodes_[task];
  ++n.failures;
  const bool is_final = static_cast<int>(n.failures) > retries_of(task);
  out.push_back({task, is_final, false});
  if (is_final) return finish(task, task_state::failed);
  n.avoid = rank;
  make_ready(task, false);
}

void dispatcher::release_held(int rank, bool innocent, std::vector<decision>& out) {
  for (const std::uint32_t task : health_.take_held(rank)) {
    if (!innocent) {
      fail_or_retry(task, rank, out);
      continue;
    }
    nodes_[task].avoid = nodes_[task].moved_from = rank;
    lose(task);
  }
}

std::vector<dispatcher::decision> dispatcher::ended(std::uint32_t task, int rank, attempt_end how, double seconds,
                                                    double now) {
  std::vector<decision> out;
  node& n = nodes_[task];
  place& at = places_[static_cast<std::size_t>(rank)];
  at.used -= tasks_[task].cores;
  --at.leases;
  at.heard = now;
  at.asked = false;
  --leased_;
  if (how == attempt_end::lost) {
    if (seconds == 0) --n.starts;  // it never began
    lose(task);
    return out;
  }
  usual_ = usual_ == 0 ? seconds : usual_ + (seconds - usual_) / 16;
  if (n.moved_from != nobody) health_.moved_ended(std::exchange(n.moved_from, nobody), how == attempt_end::succeeded);
  if (how == attempt_end::succeeded) {
    health_.succeeded(rank, now);
    release_held(rank, false, out);
    out.push_back({task, true, true});
    finish(task, task_state::done);
    if (health_.held() != 0) judge_doubted(now, out);
    return out;
  }
  switch (health_.failed(rank, task, seconds, now)) {
    case rank_health::verdict::counts:
      fail_or_retry(task, rank, out);
      break;
    case rank_health::verdict::held:
      n.state = task_state::held;
      break;
    case rank_health::verdict::innocent:
      if (health_.held() != 0) release_held(rank, true, out);
      if (n.state == task_state::leased) {  // the rank was set apart before
        n.avoid = n.moved_from = rank;
        lose(task);
      }
      break;
  }
  std::vector<decision> more = settle(now);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

void dispatcher::judge_doubted(double now, std::vector<decision>& out) {
  for (int rank = 0; rank < rules_.ranks; ++rank) {
    const place& at = places_[static_cast<std::size_t>(rank)];
    if (at.leases > 0 && now - at.heard > rank_health::quick) health_.works(rank, now);
  }
  for (int rank = 0; rank < rules_.ranks; ++rank) {
    if (!health_.is_doubted(rank) || health_.is_apart(rank)) continue;
    if (health_.judge(rank, now) == rank_health::verdict::innocent) release_held(rank, true, out);
  }
}

std::vector<dispatcher::decision> dispatcher::settle(double now) {
  std::vector<decision> out;
  if (health_.apart() != 0) health_.pardon(now);
  if (health_.held() == 0) return out;
  judge_doubted(now, out);
  const bool nothing_else = leased_ == 0 && (ready_.empty() || stopped_);
  for (const int rank : health_.due(now, nothing_else)) release_held(rank, false, out);
  return out;
}

}  // namespace weft::farm
