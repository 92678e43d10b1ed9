// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

namespace weft::farm {

/// Finds ranks whose node is sick: every task fails there at once, while others do well. Such a rank is set apart; what
/// failed there is tried elsewhere and does not count. If it fails elsewhere as well the tasks were at fault, and the
/// rank is taken back.
///
/// The first quick failures of a row are held back until it is known whether a row it is. A rank with a whole row gets
/// nothing more until others have shown how they do: else it would be through with the list, and fail all of it, before
/// the first long task succeeds elsewhere.
class rank_health {
 public:
  static constexpr std::size_t row_of_failures = 4;  ///< held back before a rank is judged
  static constexpr double quick = 1.0;               ///< seconds that a failure at once takes at most
  static constexpr double longest_doubt = 5.0;       ///< seconds that a failure is held back
  static constexpr double longest_apart = 30.0;      ///< seconds that a rank is set apart without proof

  explicit rank_health(int ranks) : ranks_(static_cast<std::size_t>(ranks)) {}

  /// What became of a failure.
  enum class verdict : std::uint8_t {
    counts,   ///< a failure like any
    held,     ///< not known yet; `held_of`
    innocent  ///< the rank is set apart: try it elsewhere
  };
  verdict failed(int rank, std::uint32_t task, double seconds, double now);
  void succeeded(int rank, double now) noexcept;
  /// A task has been running there for longer than `quick`: that speaks for the rank as a success does.
  void works(int rank, double now) noexcept { ranks_[static_cast<std::size_t>(rank)].last_good = now; }
  /// Of a rank that is doubted, by what the others have shown since: `held` when that is not known yet.
  verdict judge(int rank, double now) noexcept;
  /// A task that was moved away from a sick rank has ended on another one.
  void moved_ended(int from, bool succeeded) noexcept;

  /// Tasks whose failures are held back on this rank, taken out.
  std::vector<std::uint32_t> take_held(int rank);
  /// Takes ranks back that were set apart and could not be proven sick in time.
  void pardon(double now) noexcept;
  /// Ranks whose held failures have waited long enough, or all ranks' if `all`.
  std::vector<int> due(double now, bool all) const;
  bool is_apart(int rank) const noexcept { return ranks_[static_cast<std::size_t>(rank)].apart; }
  /// It has failed a whole row.
  bool is_doubted(int rank) const noexcept { return is_doubted(ranks_[static_cast<std::size_t>(rank)]); }
  /// Something may be handed out to it.
  bool may_have_more(int rank) const noexcept { return !is_apart(rank) && !is_doubted(rank); }
  int apart() const noexcept { return apart_; }
  std::size_t held() const noexcept { return held_; }

 private:
  struct state {
    std::vector<std::uint32_t> held;
    double held_since = 0;
    double apart_since = 0;
    double last_good = -1;
    bool apart = false;
    bool proven = false;         ///< what failed here has succeeded elsewhere
    bool does_not_hold = false;  ///< has been judged; not again before a task succeeds
  };
  void take_back(state& rank) noexcept;
  static bool is_doubted(const state& rank) noexcept {
    return rank.held.size() >= row_of_failures && !rank.does_not_hold;
  }
  bool others_do_well(std::size_t rank) const noexcept;
  bool others_fail_too(std::size_t rank) const noexcept;

  std::vector<state> ranks_;
  int apart_ = 0;
  std::size_t held_ = 0;
};

}  // namespace weft::farm
