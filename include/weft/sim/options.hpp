// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/sim/child_script.hpp>
#include <weft/world/time.hpp>

namespace weft::sim {

/// The network: LogGP (Alexandrov, Ionescu, Schauser, Scheiman, "LogGP: incorporating long messages into the LogP
/// model", SPAA 1995) with a seeded delay on top. A rank has one port out and one in; messages queue for both. What
/// depends on the protocol is as in LogGOPS (Hoefler, Schneider, Lumsdaine, "LogGOPSim", LSAP 2010): the processor
/// copies short messages, and a long one asks first.
struct network_options {
  duration latency{1200};                  ///< L, between nodes
  duration node_latency{300};              ///< L, within a node
  duration overhead{150};                  ///< o: the processor's time for sending, and for receiving, one message
  duration gap{100};                       ///< g: between two messages of one port
  std::int64_t picoseconds_per_byte = 80;  ///< G: 80 is 12.5 GB/s
  duration jitter{300};                    ///< each message is late by up to this much, drawn from the seed
  std::uint64_t eager_bytes = 4096;        ///< longer ones wait for their receive
  int ranks_per_node = 16;
  std::int64_t copy_picoseconds_per_byte = 0;  ///< O: the processor's time for a byte of a short message, on each side
  bool shares_node_ports = false;              ///< the ranks of a node share one port out and one in to other nodes
  int nodes_per_switch = 0;     ///< of a fat tree's leaves (topology.hpp); 0: one switch has all nodes
  int uplinks = 0;              ///< of a leaf, each as quick as a node's port; 0: as many as it has nodes
  duration switch_latency{0};  ///< more, between nodes of different leaves
  duration handshake{0};  ///< the receiver's port is busy for so long before a long message's bytes
};

/// Published orders of magnitude for three networks; `ethernet`, `hdr` or `slingshot`. Throws `usage_error`.
network_options network_preset(std::string_view name);

/// What one call costs the rank that makes it: polling must take time, or a loop that waits would never see any pass.
struct call_costs {
  duration poll{60};
  duration test{20};
  duration clock{20};
  duration idle{40};
};

enum class fault_kind : std::uint8_t {
  kill_rank,   ///< the rank stops for ever, and the job with it, as under MPI
  pause_rank,  ///< nothing runs there for `length`
  slow_rank,   ///< its calls take `factor` times as long for `length`
  delay_rank,  ///< messages to and from it are late by `length` for a time of `length`
};

/// One fault at one moment of a life.
struct fault {
  fault_kind what = fault_kind::pause_rank;
  int rank = 0;                ///< taken modulo the number of ranks
  duration at{0};              ///< after the start of the life; not used if `at_event` is given
  std::uint64_t at_event = 0;  ///< the number of the interface event at which it strikes; only for `kill_rank`
  duration length{0};
  int factor = 1;
};

/// How many faults a life gets by lot, and of what size; `none` by default.
struct fault_options {
  std::vector<fault> planned;
  int pauses = 0;  ///< at most so many, each of up to `longest`
  int slow_ranks = 0;
  int delays = 0;
  int kills_in_thousand = 0;                       ///< chance that a life loses a rank
  duration within = std::chrono::milliseconds(5);  ///< the faults begin in this time
  duration longest = std::chrono::milliseconds(2);
  /// The chances, in thousand, of a message of a port that tolerates loss to be lost, handled twice, or handled after
  /// the next one. MPI does none of this, so no other message meets it.
  int losses_in_thousand = 0;
  int repeats_in_thousand = 0;
  int postponements_in_thousand = 0;
  /// The chances, in thousand, of a child process to die of a signal in the midst of its script, to hang, or to print
  /// without end, whatever its script says. One with an actor of its own only dies.
  int child_deaths_in_thousand = 0;
  int child_hangs_in_thousand = 0;
  int child_floods_in_thousand = 0;
  bool is_hostile() const noexcept {
    return losses_in_thousand > 0 || repeats_in_thousand > 0 || postponements_in_thousand > 0;
  }
  /// Ranks that outlive a dead one run on for up to this long beside the next life (Open MPI kills them after two
  /// seconds).
  duration zombies{0};
};

/// The disks. An unforced 4 KiB page of a disk that loses power is kept, lost or torn, each with a third; in a torn
/// page every 512-byte sector is kept, lost or garbled (the table of FoundationDB's AsyncFileNonDurable).
struct disk_options {
  duration sync_least = std::chrono::microseconds(100);
  duration sync_most = std::chrono::milliseconds(2);
  int failing_syncs_in_million = 0;
  std::uint64_t capacity = std::uint64_t{1} << 40;  ///< bytes of each name space
  bool loses_power = false;                         ///< a crash of the job is one of the machines, not of the processes
  bool sectors_are_atomic = false;  ///< no sector is ever garbled: what journals assume (docs/journal.md)
};

/// A run that reaches one of the first three ends as one that never would: the report says what each rank waits for.
struct limits {
  duration virtual_time = std::chrono::hours(24);
  std::uint64_t events = 20'000'000'000;
  std::uint64_t message_bytes = std::uint64_t{4} << 30;  ///< of messages that nobody has received yet
  duration silence = std::chrono::seconds(10);  ///< of processor time without a call of weft: then the process ends
  std::size_t stack_bytes = 256 * 1024;
};

struct world_options {
  std::uint64_t seed = 1;
  network_options network;
  disk_options disk;
  fault_options faults;
  call_costs costs;
  sim::limits limits;
  child_scripts children;    ///< empty: every child ends well after a millisecond
  bool echo_output = false;  ///< what ranks write goes to this process's output, with rank and virtual time in front
  /// What ranks compute between their calls takes the processor time that it takes here; a run is then not reproducible.
  bool measures_computation = false;
  bool use_environment = false;  ///< ranks see this process's environment variables
};

}  // namespace weft::sim
