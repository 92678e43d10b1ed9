// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weft/sim/world.hpp>

namespace weft::seeds {

/// Looks over a simulated farm's shoulder: which tasks start in which life, and which lines come to its results. A line
/// says that the task is over for certain. It is no part of the simulated world.
class farm_witness final : public sim::event_watcher {
 public:
  farm_witness(sim::world& cluster, std::string results_file);

  /// Before each life; `lost_power` says what the one before it ended by.
  void begin_life(bool lost_power);
  /// The journal is this life's from now on; runs are ordered by epochs, for a survivor may take over from a later life.
  void took_over(int life, std::uint64_t epoch) { epochs_[life] = epoch; }
  void started(std::uint64_t id, int life);
  /// Looks at what has been written since the last look.
  void look();
  void on_event(std::uint64_t number, const sim::trace_entry& event) override;

  bool is_over(std::uint64_t id) const { return over_.count(id) != 0; }
  std::uint64_t starts() const noexcept { return starts_; }
  /// What was wrong first; "" if nothing.
  const std::string& verdict() const noexcept { return wrong_; }

 private:
  struct seen_file {
    std::shared_ptr<sim::disk_file> file;
    std::size_t taken = 0;  ///< bytes of whole lines
  };
  void take_lines(seen_file& from);
  void take(std::string_view line);
  std::uint64_t epoch_of(int life) const;
  void wrong(std::uint64_t id, const std::string& what);

  sim::world& cluster_;
  std::string path_;
  std::vector<seen_file> files_;  ///< each life replaces the file, and survivors write into theirs
  std::shared_ptr<sim::disk_file> ignored_;
  int writer_ = 1;                                    ///< the life that did what was done last
  std::map<int, std::uint64_t> epochs_;               ///< by life
  std::map<std::uint64_t, std::uint64_t> over_;       ///< by task: the first epoch that told so
  std::map<std::uint64_t, std::uint64_t> last_start_; ///< by task: the last epoch that started it
  std::uint64_t starts_ = 0;
  std::string wrong_;
};

}  // namespace weft::seeds
