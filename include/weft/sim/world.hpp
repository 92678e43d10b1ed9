// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/core/config.hpp>
#include <weft/run/run.hpp>
#include <weft/sim/disk.hpp>
#include <weft/sim/engine.hpp>
#include <weft/sim/guard.hpp>
#include <weft/sim/options.hpp>

namespace weft::sim {

/// How a life ended.
struct outcome {
  int exit_code = 0;        ///< the program's; 5 at a standstill or limit; the code of an abort
  bool is_crashed = false;  ///< it lost a rank, or was aborted
  int crashed_rank = -1;
  stop_reason stopped_by = stop_reason::none;
  std::string report;  ///< of a standstill or limit: what each rank waits for, with source lines
  duration virtual_time{0};
  std::uint64_t interface_events = 0;  ///< of this life
  std::string last_words;              ///< the last line on standard error of the rank that was lost
  explicit operator bool() const noexcept { return exit_code == 0 && !is_crashed; }
};

/// A simulated cluster: its disks and its clock outlive the programs that run in it, one life after the other.
///
///     weft::sim::world_options options;
///     options.seed = 7;
///     weft::sim::world cluster(options);
///     auto first = cluster.run(program, 64);
///     auto second = cluster.run(program, 48);   // restarted with fewer ranks, on the same disks
///
/// Everything happens on the calling thread. A rank that is killed stops where it stands: nothing of it runs again, no
/// destructor either, and what it held in memory stays allocated until the process ends. (Leak checkers find it through
/// its stack, which is then kept as well.)
class world {
 public:
  explicit world(world_options options = {});
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// Runs the program on so many ranks to its end, crash or standstill. `program` is what `weft::run` takes. It is copied:
  /// survivors of a crash run on in later lives, and some of them may not have begun by then.
  template <class Program>
  outcome run(Program&& program, int ranks, const config& settings = config()) {
    auto kept = std::make_shared<kept_program<std::decay_t<Program>>>(std::forward<Program>(program));
    programs_.push_back(kept);
    return run_program(kept->body, ranks, settings);
  }
  /// As `run`. `body` outlives the world's last life.
  outcome run_program(weft::detail::program& body, int ranks, const config& settings);

  /// The hash over everything that has happened at the interfaces so far.
  std::uint64_t hash() const noexcept { return engine_.hash(); }
  const sim::counts& counts() const noexcept { return engine_.counts(); }
  sim::disks& disks() noexcept { return disks_; }
  sim::engine& engine() noexcept { return engine_; }
  /// What a rank of the last life wrote; empty if output is shown at once.
  const std::string& output(int rank) const;
  const std::string& error_output(int rank) const;
  /// The last interface events as a table, one a line.
  std::string event_table() const;
  /// One line: hash, virtual time, messages, events.
  std::string summary() const;

 private:
  template <class Program>
  struct kept_program {
    template <class From>
    explicit kept_program(From&& from) : copy(std::forward<From>(from)), body(copy, 0, nullptr) {}
    Program copy;
    weft::detail::program_of<Program> body;
  };
  struct rank_record;
  void draw_faults(life& one);
  void run_rank(rank_record& rank, weft::detail::program& body, const config& settings);
  static last_call last_call_of(const endpoint& rank);
  std::string standstill_report(const life& one, stop_reason why) const;

  world_options options_;
  sim::disks disks_;
  sim::engine engine_;
  std::vector<std::unique_ptr<rank_record>> records_;  ///< of the last life
  std::vector<std::unique_ptr<rank_record>> former_;   ///< of lives before, whose zombies may still run
  std::vector<std::shared_ptr<event_target>> injectors_;
  std::vector<std::shared_ptr<void>> programs_;
  life* last_ = nullptr;
};

}  // namespace weft::sim
