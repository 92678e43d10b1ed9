// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

#include "rank_health.hpp"
#include "ready_queue.hpp"
#include "task.hpp"

namespace weft::farm {

struct dispatch_rules {
  int ranks = 1;
  int slots = 1;                ///< of each rank
  int retries = 0;              ///< of tasks that do not say
  duration time_limit{0};       ///< the same; zero: none
  std::uint64_t max_fails = 0;  ///< so many failed tasks end the batch; 0: no number does
  bool run_dependents = false;  ///< also after tasks that failed
};

enum class task_state : std::uint8_t {
  blocked,  ///< waits for others
  ready,
  leased,  ///< to a rank
  held,    ///< has failed, perhaps because of its rank
  done,
  failed,   ///< for good
  skipped,  ///< because one that it waits for has failed
};

/// How an attempt ended, as far as the dispatcher cares.
enum class attempt_end : std::uint8_t { succeeded, failed, lost };

/// Decides which task runs where and when: the ledger's rules without the ledger's book. Touches nothing outside.
///
/// READY -> LEASED -> DONE, or back to READY when the attempt failed and may be repeated (on another rank where there
/// is one), or was lost (which counts for nothing), or FAILED. Tasks are known by their place in the list.
class dispatcher {
 public:
  dispatcher(const std::vector<task>& tasks, const dispatch_rules& rules);

  // --- before the start: what earlier runs have left
  void restore(std::uint32_t task, std::uint32_t starts, std::uint32_t failures, task_state state);
  void begin();

  // --- while it runs
  struct lease {
    std::uint32_t task = 0;
    std::uint32_t attempt = 1;
    int rank = 0;
  };
  /// What to hand out now, to ranks with room; and the leases are theirs.
  std::vector<lease> hand_out(double now);
  /// A decision about an attempt that has ended.
  struct decision {
    std::uint32_t task = 0;
    bool is_final = false;  ///< else it will be tried again
    bool succeeded = false;
  };
  /// An attempt has ended, or a lease has come back unused (`lost`, zero seconds). What is decided by it: nothing while
  /// a failure is held back, several when that ends.
  std::vector<decision> ended(std::uint32_t task, int rank, attempt_end how, double seconds, double now);
  /// To be called now and then: failures that were held back long enough.
  std::vector<decision> settle(double now);
  /// A rank that holds leases which it has not begun while others have nothing to do, or -1. It should give them back.
  int hoarder(double now);
  /// Hands nothing out any more.
  void stop() noexcept { stopped_ = true; }

  bool stopped() const noexcept { return stopped_; }
  /// Counts the failures since `begin`.
  bool failed_too_often() const noexcept {
    return rules_.max_fails != 0 && failed_ - failed_before_ >= rules_.max_fails;
  }
  /// Nothing runs, and nothing more will be handed out.
  bool finished() const noexcept { return leased_ == 0 && health_.held() == 0 && (stopped_ || ready_.empty()); }
  bool all_over() const noexcept { return over_ == nodes_.size(); }  ///< every task is done, failed or skipped
  std::size_t ready() const noexcept { return ready_.size(); }
  std::size_t leased() const noexcept { return leased_; }
  std::uint64_t failed() const noexcept { return failed_; }
  std::uint64_t skipped() const noexcept { return skipped_; }
  task_state state(std::uint32_t task) const noexcept { return nodes_[task].state; }
  std::uint32_t starts(std::uint32_t task) const noexcept { return nodes_[task].starts; }
  const rank_health& health() const noexcept { return health_; }
  /// Seconds that tasks take, on average of late; 0: not known.
  double usual_seconds() const noexcept { return usual_; }

 private:
  static constexpr int nobody = -1;
  struct node {
    task_state state = task_state::blocked;
    std::uint32_t starts = 0;
    std::uint32_t failures = 0;
    std::uint32_t unfinished = 0;  ///< parents
    std::int32_t avoid = nobody;   ///< the rank that failed it
    std::int32_t moved_from = nobody;
  };
  struct place {
    int used = 0;  ///< cores of its leases
    int leases = 0;
    double heard = 0;    ///< from it
    bool asked = false;  ///< to give back
  };

  void link_children();
  int retries_of(std::uint32_t task) const;
  int ahead() const;
  bool may_take(const place& at, int rank, std::uint32_t task) const;
  bool give_one(int rank, std::vector<lease>& out);
  void make_ready(std::uint32_t task, bool in_front);
  void lose(std::uint32_t task);
  void fail_or_retry(std::uint32_t task, int rank, std::vector<decision>& out);
  void judge_doubted(double now, std::vector<decision>& out);
  void release_held(int rank, bool innocent, std::vector<decision>& out);
  void finish(std::uint32_t task, task_state state);

  const std::vector<task>& tasks_;
  dispatch_rules rules_;
  std::vector<node> nodes_;
  std::vector<std::uint32_t> children_;     ///< of all tasks, one after the other
  std::vector<std::uint32_t> first_child_;  ///< where a task's begin
  ready_queue ready_;
  std::vector<place> places_;
  rank_health health_;
  std::int64_t reserved_task_ = nobody;  ///< has more cores than any rank has free
  int reserved_rank_ = nobody;           ///< gets nothing else until it has room for that
  std::size_t leased_ = 0;
  std::size_t over_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t failed_before_ = 0;
  std::uint64_t skipped_ = 0;
  double usual_ = 0;
  bool stopped_ = false;
};

}  // namespace weft::farm
