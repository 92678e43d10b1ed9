// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/shell.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <weft/core/error.hpp>

namespace weft::sim {

namespace {

struct key_row {
  const char* name;
  const char* standard;
  const char* help;
  void (*set)(shell_request& into, std::string_view value);
};

[[noreturn]] void refuse(const char* wanted) { throw usage_error(std::string("expected ") + wanted); }

template <class T>
T number(std::string_view value, T least, T most, const char* wanted) {
  T out{};
  const auto end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, out);
  if (read.ec != std::errc() || read.ptr != end || out < least || out > most) refuse(wanted);
  return out;
}

int count(std::string_view value) { return number<int>(value, 0, 1'000'000, "a number from 0 to 1000000"); }

int thousandth(std::string_view value) { return number<int>(value, 0, 1000, "a number from 0 to 1000"); }

/// `250ns`, `10us`, `3ms`, `2s`; a bare number is in microseconds.
duration time_of(std::string_view value) {
  constexpr auto wanted = "a time such as 250ns, 10us, 3ms or 2s";
  const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const auto amount = number<std::int64_t>(value.substr(0, digits), 0, 1'000'000'000'000, wanted);
  const std::string_view unit = value.substr(digits);
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
      {{"ns", 1}, {"us", 1000}, {"", 1000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};
  for (const auto& known : units) {
    if (known.first == unit && amount <= std::numeric_limits<std::int64_t>::max() / known.second) {
      return duration(amount * known.second);
    }
  }
  refuse(wanted);
}

std::uint64_t event_number(std::string_view value) {
  return number<std::uint64_t>(value, 1, std::numeric_limits<std::uint64_t>::max(), "the number of an event");
}

void record_events(shell_request& r, std::string_view value) {
  r.wants_events = value == "1";
  r.events_file = value == "1" || value == "0" ? "" : std::string(value);
}

void kill_at(shell_request& r, std::string_view value) {
  fault one;
  one.what = fault_kind::kill_rank;
  one.at_event = event_number(value);
  r.world.faults.planned.push_back(one);
}

const std::array key_rows{
    key_row{"ranks", "4", "virtual ranks",
            [](shell_request& r, std::string_view v) { r.ranks = number<int>(v, 1, 1'000'000, "a number from 1"); }},
    key_row{"seed", "1", "what all chances are drawn from",
            [](shell_request& r, std::string_view v) {
              r.world.seed = number<std::uint64_t>(v, 0, std::numeric_limits<std::uint64_t>::max(), "a number");
            }},
    key_row{"restart", "0", "after a crash of the job: starts it again on the same disks, at most so often",
            [](shell_request& r, std::string_view v) { r.restarts = count(v); }},
    key_row{"restart_ranks", "drawn", "ranks of each restart",
            [](shell_request& r, std::string_view v) {
              r.restart_ranks = number<int>(v, 1, 1'000'000, "a number from 1");
            }},
    key_row{"network", "none", "ethernet, hdr or slingshot: sets what follows",
            [](shell_request& r, std::string_view v) { r.world.network = network_preset(v); }},
    key_row{"latency", "1200ns", "of a message between nodes",
            [](shell_request& r, std::string_view v) { r.world.network.latency = time_of(v); }},
    key_row{"node_latency", "300ns", "of a message within a node",
            [](shell_request& r, std::string_view v) { r.world.network.node_latency = time_of(v); }},
    key_row{"overhead", "150ns", "the processor's time for sending, and for receiving, a message",
            [](shell_request& r, std::string_view v) { r.world.network.overhead = time_of(v); }},
    key_row{"gap", "100ns", "between two messages of a rank",
            [](shell_request& r, std::string_view v) { r.world.network.gap = time_of(v); }},
    key_row{"ps_per_byte", "80", "picoseconds that a byte takes",
            [](shell_request& r, std::string_view v) { r.world.network.picoseconds_per_byte = count(v); }},
    key_row{"copy_ps_per_byte", "0", "picoseconds of the processor for a byte of a short message, on each side",
            [](shell_request& r, std::string_view v) { r.world.network.copy_picoseconds_per_byte = count(v); }},
    key_row{"handshake", "0ns", "the receiver's port is busy for so long before the bytes of a long message",
            [](shell_request& r, std::string_view v) { r.world.network.handshake = time_of(v); }},
    key_row{"jitter", "300ns", "a message is late by up to this",
            [](shell_request& r, std::string_view v) { r.world.network.jitter = time_of(v); }},
    key_row{"eager", "4096", "bytes from which on a message waits for its receive",
            [](shell_request& r, std::string_view v) {
              r.world.network.eager_bytes = static_cast<std::uint64_t>(number<int>(v, 1, 1 << 30, "bytes"));
            }},
    key_row{"ranks_per_node", "16", "",
            [](shell_request& r, std::string_view v) {
              r.world.network.ranks_per_node = number<int>(v, 1, 1'000'000, "a number from 1");
            }},
    key_row{"node_ports", "0", "1: the ranks of a node share one port out and one in to other nodes",
            [](shell_request& r, std::string_view v) {
              r.world.network.shares_node_ports = number<int>(v, 0, 1, "0 or 1") == 1;
            }},
    key_row{"nodes_per_switch", "all", "of the leaves of a fat tree",
            [](shell_request& r, std::string_view v) { r.world.network.nodes_per_switch = count(v); }},
    key_row{"uplinks", "nodes_per_switch", "wires of a leaf to the spine, each as quick as a node's port",
            [](shell_request& r, std::string_view v) { r.world.network.uplinks = count(v); }},
    key_row{"switch_latency", "0ns", "more, between nodes of different leaves",
            [](shell_request& r, std::string_view v) { r.world.network.switch_latency = time_of(v); }},
    key_row{"compute", "charged", "measured: what ranks compute takes the time that it takes here; not reproducible",
            [](shell_request& r, std::string_view v) {
              if (v != "charged" && v != "measured") refuse("charged or measured");
              r.world.measures_computation = v == "measured";
            }},
    key_row{"kills", "0", "chance in a thousand that a life loses a rank",
            [](shell_request& r, std::string_view v) { r.world.faults.kills_in_thousand = thousandth(v); }},
    key_row{"losses", "0", "chance in a thousand that a message of a port that tolerates loss is lost",
            [](shell_request& r, std::string_view v) { r.world.faults.losses_in_thousand = thousandth(v); }},
    key_row{"repeats", "0", "as `losses`: that it is handled twice",
            [](shell_request& r, std::string_view v) { r.world.faults.repeats_in_thousand = thousandth(v); }},
    key_row{"postponements", "0", "as `losses`: that it is handled after the next one",
            [](shell_request& r, std::string_view v) { r.world.faults.postponements_in_thousand = thousandth(v); }},
    key_row{"child_deaths", "0", "chance in a thousand that a child process dies of a signal on its way",
            [](shell_request& r, std::string_view v) { r.world.faults.child_deaths_in_thousand = thousandth(v); }},
    key_row{"child_hangs", "0", "as `child_deaths`: that it hangs until it is killed",
            [](shell_request& r, std::string_view v) { r.world.faults.child_hangs_in_thousand = thousandth(v); }},
    key_row{"child_floods", "0", "as `child_deaths`: that it prints without end",
            [](shell_request& r, std::string_view v) { r.world.faults.child_floods_in_thousand = thousandth(v); }},
    key_row{"kill_at", "never", "the rank at whose so-manieth event (all ranks counted) it dies", kill_at},
    key_row{"pauses", "0", "at most so many ranks stop for a while",
            [](shell_request& r, std::string_view v) { r.world.faults.pauses = count(v); }},
    key_row{"slow", "0", "at most so many ranks are slow for a while",
            [](shell_request& r, std::string_view v) { r.world.faults.slow_ranks = count(v); }},
    key_row{"delays", "0", "at most so many ranks' messages are late for a while",
            [](shell_request& r, std::string_view v) { r.world.faults.delays = count(v); }},
    key_row{"within", "5ms", "faults begin in this time after the start",
            [](shell_request& r, std::string_view v) { r.world.faults.within = time_of(v); }},
    key_row{"longest", "2ms", "the longest fault",
            [](shell_request& r, std::string_view v) { r.world.faults.longest = time_of(v); }},
    key_row{"zombies", "0", "ranks that outlive a dead one run on for up to this long",
            [](shell_request& r, std::string_view v) { r.world.faults.zombies = time_of(v); }},
    key_row{
        "power", "0", "1: a crash is a loss of power, and disks lose what was not forced",
        [](shell_request& r, std::string_view v) { r.world.disk.loses_power = number<int>(v, 0, 1, "0 or 1") == 1; }},
    key_row{"failing_syncs", "0", "chance in a million that forcing to disk fails",
            [](shell_request& r, std::string_view v) { r.world.disk.failing_syncs_in_million = count(v); }},
    key_row{"disk", "1099511627776", "bytes of each disk",
            [](shell_request& r, std::string_view v) {
              r.world.disk.capacity = number<std::uint64_t>(v, 0, std::uint64_t{1} << 62, "bytes");
            }},
    key_row{"stack", "256", "KiB of each rank's stack",
            [](shell_request& r, std::string_view v) {
              r.world.limits.stack_bytes = static_cast<std::size_t>(number<int>(v, 16, 1 << 20, "KiB, from 16")) * 1024;
            }},
    key_row{"time_limit", "86400s", "virtual time after which the run ends as one that never would",
            [](shell_request& r, std::string_view v) { r.world.limits.virtual_time = time_of(v); }},
    key_row{"event_limit", "20000000000", "as `time_limit`, in the simulator's events",
            [](shell_request& r, std::string_view v) {
              r.world.limits.events =
                  number<std::uint64_t>(v, 1, std::numeric_limits<std::uint64_t>::max(), "a number from 1");
            }},
    key_row{"memory_limit", "4294967296", "as `time_limit`, in bytes of messages that nobody has received",
            [](shell_request& r, std::string_view v) {
              r.world.limits.message_bytes =
                  number<std::uint64_t>(v, 1, std::numeric_limits<std::uint64_t>::max(), "a number from 1");
            }},
    key_row{"silence", "10s", "a rank that computes for so long without a call of weft ends the run",
            [](shell_request& r, std::string_view v) { r.world.limits.silence = time_of(v); }},
    key_row{"summary", "0", "1: one line at the end: hash, virtual time, messages",
            [](shell_request& r, std::string_view v) { r.wants_summary = number<int>(v, 0, 1, "0 or 1") == 1; }},
    key_row{"events", "0", "1: the last 64 events at the interfaces, at the end; a file's name: all of them, there",
            record_events},
    key_row{"break", "never",
            "the event at which the function weft_sim_break is called: a place for a debugger to stop",
            [](shell_request& r, std::string_view v) { r.break_at = event_number(v); }},
    key_row{"until", "never", "the event at which the run ends, with what each rank waits for",
            [](shell_request& r, std::string_view v) { r.until = event_number(v); }},
    key_row{"seeds", "1", "runs so many seeds from `seed` on, until one fails",
            [](shell_request& r, std::string_view v) {
              r.seeds = number<std::uint64_t>(v, 1, 1'000'000'000'000, "a number from 1");
            }},
    key_row{"shrink", "0", "makes a failing run smaller, with so many seeds for each size, and prints how to repeat it",
            [](shell_request& r, std::string_view v) { r.shrink = static_cast<std::uint64_t>(count(v)); }},
};

child_scripts& program_children() {
  static child_scripts scripts;
  return scripts;
}

void apply_key(shell_request& into, std::string_view key, std::string_view value) {
  for (const key_row& row : key_rows) {
    if (row.name != key) continue;
    try {
      row.set(into, value);
    } catch (const usage_error& e) {
      throw usage_error("WEFT_SIM: " + std::string(key) + "=" + std::string(value) + ": " + e.what());
    }
    return;
  }
  throw usage_error("WEFT_SIM: no key '" + std::string(key) + "'; WEFT_SIM=help lists them");
}

}  // namespace

void set_program_children(child_scripts scripts) { program_children() = std::move(scripts); }

shell_request parse_request(std::string_view text) {
  shell_request asked;
  asked.world.children = program_children();
  asked.world.echo_output = asked.world.use_environment = true;
  if (text == "help") {
    asked.wants_help = true;
    return asked;
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos)
      throw usage_error("WEFT_SIM: '" + std::string(one) + "' is no key=value; WEFT_SIM=help lists the keys");
    const std::string_view key = one.substr(0, equals);
    apply_key(asked, key, one.substr(equals + 1));
  }
  return asked;
}

std::string request_help() {
  std::string text =
      "WEFT_SIM=key=value,... runs a program of weft on virtual ranks in this one process, without mpirun.\n";
  for (const key_row& row : key_rows) {
    std::string line = std::string("  ") + row.name;
    line.resize(std::max<std::size_t>(line.size() + 1, 18), ' ');
    text += line + row.help + (*row.help != 0 ? " " : "") + "(" + row.standard + ")\n";
  }
  return text;
}

}  // namespace weft::sim
