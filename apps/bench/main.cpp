// SPDX-License-Identifier: BSL-1.0
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>

#include <fmt/format.h>

#include <weft/mpi/native.hpp>
#include <weft/weft.hpp>

#include "cases.hpp"
#include "common/app.hpp"
#include "farm.hpp"
#include "loggp.hpp"
#include "ring.hpp"
#include "simulation.hpp"

namespace {

using namespace weft::bench;

/// The processors that the ranks of this node share. A rank that its launcher has bound sees only its own.
long shared_processors() {
  if (std::getenv("OMPI_MCA_orte_bound_at_launch") != nullptr) return sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  return CPU_COUNT(&allowed);
}

/// Open MPI yields while it waits if its launcher thinks that ranks outnumber processors. A benchmark must not, unless
/// they do: then spinning ranks would keep each other from running for whole time slices.
bool set_yielding() {
  const char* local = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  const bool yields = local != nullptr && std::atol(local) > shared_processors();
  setenv("OMPI_MCA_mpi_yield_when_idle", yields ? "1" : "0", 1);
  return yields;
}

/// Binds this rank to a processor of its own, if there are enough; both sides of a contest run under it.
std::string bind(int node_rank, int node_size) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  if (CPU_COUNT(&allowed) == 1) return "bound by the launcher";
  if (CPU_COUNT(&allowed) < node_size) return "not bound: more ranks than processors";
  int at = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || at++ != node_rank) continue;
    cpu_set_t mine;
    CPU_ZERO(&mine);
    CPU_SET(cpu, &mine);
    sched_setaffinity(0, sizeof mine, &mine);
  }
  return "each rank bound to a processor";
}

struct selection {
  std::string only;
  bool quick = false;
};

using suite = void (*)(runner&, weft::context&);

int run_suite(const weft::apps::app& app, int argc, char** argv, suite cases, const selection& chosen, int ranks_needed) {
  const bool yields = set_yielding();
  auto program = [&](weft::context& ctx) {
    if (ctx.size() < ranks_needed) {
      throw weft::usage_error(fmt::format("this benchmark needs {} ranks: mpirun -n {} weft-bench ...", ranks_needed, ranks_needed));
    }
    const weft::node_map node = ctx.transport().node();
    const std::string binding = bind(node.node_rank, node.node_size);
    if (ctx.rank() == 0) {
      std::cout << fmt::format("{}; {} ranks; yielding {}; {}\n", ctx.transport().describe(), ctx.size(), yields ? "on" : "off",
                               binding);
    }
    runner with(weft::mpi::native(ctx.world()), chosen.only, chosen.quick);
    cases(with, ctx);
    if (ctx.rank() == 0) app.write_json(with.json());
  };
  return weft::run(argc, argv, program);
}

nlohmann::json tell(const std::vector<row>& all) {
  nlohmann::json rows = nlohmann::json::array();
  for (const row& r : all) {
    std::cout << fmt::format("{:<20} {:<12} {:>12.1f} {:>12.1f} {:>9.5f}\n", r.name, r.peer, r.ours_ns, r.peer_ns, r.ratio);
    rows.push_back({{"case", r.name}, {"peer", r.peer}, {"ours_ns", r.ours_ns}, {"peer_ns", r.peer_ns}, {"ratio", r.ratio}});
  }
  return rows;
}

int run_ring(const weft::apps::app& app) {
  app.write_json({{"rows", tell(ring4(std::filesystem::read_symlink("/proc/self/exe").string()))}});
  return 0;
}

int run_farm(const weft::apps::app& app, const selection& chosen) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").replace_filename("weft-farm");
  app.write_json({{"rows", tell(farm(program.string(), chosen.quick))}});
  return 0;
}

int run_simulation(const weft::apps::app& app, const selection& chosen) {
  const simulation_figures all = simulation(chosen.only, chosen.quick);
  const nlohmann::json rows = tell(all.rows);
  if (all.resident_bytes_per_rank > 0) std::cout << fmt::format("resident memory of a rank: {:.0f} bytes\n", all.resident_bytes_per_rank);
  app.write_json({{"rows", rows}, {"resident_bytes_per_rank", all.resident_bytes_per_rank}});
  return 0;
}

nlohmann::json json_of(const pattern_times& times) {
  nlohmann::json trips;
  for (const auto& one : times.ping_pong) trips[std::to_string(one.first)] = one.second;
  return {{"ping_pong_ns", trips}, {"issue_ns", times.issue}, {"window_ns", times.window},
          {"stencil_ns", times.stencil}, {"halo_ns", times.halo}};
}

void tell_patterns(const pattern_times& times, const pattern_times* beside) {
  const auto tell_one = [&](const std::string& name, double ns, double other) {
    std::cout << fmt::format("{:<18} {:>12.1f}", name, ns) << (beside != nullptr ? fmt::format(" {:>12.1f}\n", other) : "\n");
  };
  for (const auto& one : times.ping_pong)
    tell_one(fmt::format("ping-pong/{}", one.first), one.second, beside != nullptr ? beside->ping_pong.at(one.first) : 0);
  tell_one("issue/8", times.issue, beside != nullptr ? beside->issue : 0);
  tell_one("window64/8", times.window, beside != nullptr ? beside->window : 0);
}

nlohmann::json tell_fitted(const pattern_times& times, std::uint64_t eager_bytes) {
  const fitted_network found = fit_network(times, eager_bytes);
  std::cout << "ns                     measured       fitted\n";
  tell_patterns(times, &found.predicted);
  std::cout << "WEFT_SIM=" << settings_of(found.network) << "\n";
  nlohmann::json result = json_of(times);
  result["settings"] = settings_of(found.network);
  result["fitted"] = json_of(found.predicted);
  return result;
}

/// The patterns as they stand, in whatever world; or the network that is fitted to them.
int run_patterns(const weft::apps::app& app, int argc, char** argv, const pattern_plan& plan, bool fits) {
  const bool is_simulated = std::getenv("WEFT_SIM") != nullptr;
  if (!is_simulated) set_yielding();
  pattern_times times;
  std::uint64_t eager_bytes = 0;  // not 0: this process has the times
  auto program = [&](weft::context& ctx) -> weft::task<> {
    if (ctx.size() != 2) throw weft::usage_error("the patterns are those of two ranks: mpirun -n 2 weft-bench ...");
    const weft::node_map node = ctx.transport().node();
    if (!is_simulated) bind(node.node_rank, node.node_size);
    const pattern_times mine = co_await measure_patterns(ctx, plan);
    if (ctx.rank() != 0) co_return;
    times = mine;
    eager_bytes = ctx.transport().limits().eager_bytes;
  };
  const int code = weft::run(argc, argv, program);
  if (eager_bytes == 0) return code;
  // Afterwards: one simulation runs at a time in a process, and the patterns may have been simulated.
  if (fits) {
    app.write_json(tell_fitted(times, eager_bytes));
  } else {
    tell_patterns(times, nullptr);
    std::cout << fmt::format("{:<18} {:>12.1f}\n{:<18} {:>12.1f}\n", "stencil", times.stencil, "halo step", times.halo);
    app.write_json(json_of(times));
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  weft::apps::app app("weft-bench",
                      "Times weft beside raw MPI and Boost.MPI, interleaved in one run, and prints medians and ratios.\n"
                      "Key of --json: rows, each with case, peer, ours_ns, peer_ns, ratio (ours over the peer's).");
  auto& cli = app.cli();
  selection chosen;
  cli.add_flag("--quick", chosen.quick, "three repetitions of each case: to see that it works");
  cli.add_option("--only", chosen.only, "run only the cases whose names start so, such as awaited/8")->type_name("CASE");
  cli.require_subcommand(1);
  cli.fallthrough();  // inherited by the subcommands: --json may stand behind them
  const auto* p2p_command = cli.add_subcommand("p2p", "typed messages between 2 ranks: mpirun -n 2 weft-bench p2p");
  const auto* port_command = cli.add_subcommand("port", "messages of ports between 2 ranks: mpirun -n 2 weft-bench port");
  const auto* rpc_command = cli.add_subcommand("rpc", "remote calls between 2 ranks: mpirun -n 2 weft-bench rpc");
  const auto* channel_command = cli.add_subcommand("channel", "items of channels between 2 ranks: mpirun -n 2 weft-bench channel");
  const auto* lock_command = cli.add_subcommand("lock", "turns of a mutex, and who waits how long: mpirun -n 2 (or more) weft-bench lock");
  const auto* queue_command = cli.add_subcommand("queue", "items through a work queue: mpirun -n 2 (or more) weft-bench queue");
  const auto* txn_command = cli.add_subcommand("txn", "transfers between 2 ranks by transactions: mpirun -n 2 weft-bench txn");
  const auto* loop_command = cli.add_subcommand("loop", "timers, tasks, posts from threads: mpirun -n 1 weft-bench loop");
  const auto* journal_command = cli.add_subcommand("journal", "journal records on this folder's disk: mpirun -n 1 weft-bench journal");
  const auto* ring_command = cli.add_subcommand("ring4", "a token round 4 ranks on this machine's processors; launches mpirun itself");
  const auto* farm_command = cli.add_subcommand("farm", "20,000 short tasks by weft-farm, xargs and GNU parallel; launches mpirun itself");
  const auto* sim_command = cli.add_subcommand("sim", "what the simulator costs: messages, and starting 1,024 ranks; without mpirun");
  auto* patterns_command = cli.add_subcommand("patterns", "times of ping-pong, window, halo step: mpirun -n 2, or WEFT_SIM=ranks=2");
  const auto* loggp_command = cli.add_subcommand("loggp", "fits the simulator's network to this machine: mpirun -n 2 weft-bench loggp");
  pattern_plan plan;
  long stencil_ns = 0;
  patterns_command->add_option("--stencil-ns", stencil_ns, "what the stencil of a halo step takes on a simulated clock");
  patterns_command->add_option("--batches", plan.batches, "medians of so many")->check(CLI::PositiveNumber);
  auto* rank_command = cli.add_subcommand("ring-rank", "one launch of ring4 (for its own use)")->group("");
  std::string kind = "ours";
  int hops = 4000;
  rank_command->add_option("--kind", kind)->check(CLI::IsMember({"ours", "raw"}));
  rank_command->add_option("--hops", hops)->check(CLI::PositiveNumber);
  if (!app.parse(argc, argv)) return app.exit_code();

  plan.stencil = weft::duration(stencil_ns);
  if (chosen.quick) plan.batches = 3;
  if (patterns_command->parsed()) return run_patterns(app, argc, argv, plan, false);
  if (loggp_command->parsed()) return run_patterns(app, argc, argv, plan, true);
  if (ring_command->parsed()) return run_ring(app);
  if (farm_command->parsed()) return run_farm(app, chosen);
  if (sim_command->parsed()) return run_simulation(app, chosen);
  if (p2p_command->parsed()) return run_suite(app, argc, argv, p2p, chosen, 2);
  if (port_command->parsed()) return run_suite(app, argc, argv, ports, chosen, 2);
  if (rpc_command->parsed()) return run_suite(app, argc, argv, rpcs, chosen, 2);
  if (channel_command->parsed()) return run_suite(app, argc, argv, channels, chosen, 2);
  if (lock_command->parsed()) return run_suite(app, argc, argv, locks, chosen, 2);
  if (queue_command->parsed()) return run_suite(app, argc, argv, queues, chosen, 2);
  if (txn_command->parsed()) return run_suite(app, argc, argv, transactions, chosen, 2);
  if (loop_command->parsed()) return run_suite(app, argc, argv, loops, chosen, 1);
  if (journal_command->parsed()) return run_suite(app, argc, argv, journals, chosen, 1);
  auto ring = [&](weft::context& ctx) {
    const double ns = kind == "ours" ? ring_ours(ctx, hops) : ring_raw(weft::mpi::native(ctx.world()), hops);
    if (ctx.rank() == 0) std::cout << ns << std::endl;
  };
  return weft::run(argc, argv, ring);
}
