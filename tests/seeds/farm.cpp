// SPDX-License-Identifier: BSL-1.0
// The farm's own engine (apps/farm) through many lives on one cluster: tasks that succeed, fail, die, hang, print without
// end; jobs that lose a rank or a supervisor at any moment, power cuts, failing syncs, ranks that outlive their job
// beside the next one, other numbers of ranks. Every task comes to its end, none that a line of the results told to be
// over runs again, whoever wrote the line, and at the end the results are whole.
#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <weft/weft.hpp>

#include "bounds.hpp"
#include "farm/batch.hpp"
#include "farm/prepare.hpp"
#include "farm/simulated_supervisor.hpp"
#include "farm/task_graph.hpp"
#include "farm_witness.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

using namespace std::chrono_literals;

const farm::results_directory directory("batch.weft");
constexpr int failing_exit = 3;

/// What a task does, drawn once; it follows from the task's line and the attempt.
enum class task_kind : std::uint8_t { works, fails, dies, fails_at_first, hangs, signalled };

struct drawn_task {
  task_kind kind = task_kind::works;
  duration length{0};
  bool is_stubborn = false;
  bool prints = false;
};

/// All lives of a seed.
struct batch_plan {
  std::vector<farm::task> list;
  std::vector<drawn_task> tasks;
  farm::batch_options options;
  bool has_survivors = false;
  bool has_sick_children = false;
};

drawn_task draw_task(random_source& random) {
  drawn_task made;
  const std::uint64_t lot = random.below(100);
  made.kind = lot < 80   ? task_kind::works
              : lot < 85 ? task_kind::fails
              : lot < 89 ? task_kind::dies
              : lot < 94 ? task_kind::fails_at_first
              : lot < 97 ? task_kind::hangs
                         : task_kind::signalled;
  const std::uint64_t longest = random.below(8) == 0 ? 200'000'000 : 5'000'000;
  made.length = duration(static_cast<std::int64_t>(random.below(longest)));
  made.is_stubborn = random.below(4) == 0;
  made.prints = random.below(4) == 0;
  return made;
}

sim::child_script script_of(const drawn_task& task, std::uint64_t id, std::uint64_t attempt) {
  sim::child_script script;
  script.runs = task.kind == task_kind::hangs ? duration::max() : task.length;
  script.is_stubborn = task.is_stubborn;
  if (task.prints) script.steps = {{task.length / 2, "half\n", "", "", ""}};
  if (task.kind == task_kind::works || task.kind == task_kind::fails_at_first)
    script.steps.push_back({task.length, "", "", "effects", std::to_string(id) + "\n"});
  if (task.kind == task_kind::fails || (task.kind == task_kind::fails_at_first && attempt == 1))
    script.exit_code = failing_exit;
  if (task.kind == task_kind::dies) script.signal = SIGSEGV;
  if (task.kind == task_kind::signalled) script.signal = SIGTERM;
  return script;
}

void draw_list(random_source& random, batch_plan& plan) {
  const int tasks = bounded_steps(100 + static_cast<int>(random.below(400)));
  const bool has_order = random.below(2) == 0;
  for (int i = 1; i <= tasks; ++i) {
    farm::task one;
    one.id = static_cast<std::uint64_t>(i);
    one.command = "work " + std::to_string(i);
    plan.tasks.push_back(draw_task(random));
    if (plan.tasks.back().kind == task_kind::hangs || plan.has_sick_children) one.time_limit = 300ms;
    if (has_order && i > 1 && random.below(5) == 0)
      one.after = {std::to_string(1 + random.below(static_cast<std::uint64_t>(i) - 1))};
    one.cores = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(plan.options.slots)));
    one.priority = static_cast<int>(random.below(3));
    plan.list.push_back(one);
  }
  farm::link(plan.list, "the list");
}

batch_plan draw_batch(random_source& random, sim::world_options& world) {
  batch_plan plan;
  world.limits.virtual_time = 3600s;  // starts wait for the locks of survivors
  world.disk.sectors_are_atomic = true;
  world.faults.kills_in_thousand = 700;
  const std::uint64_t longest = random.below(2) == 0 ? 60'000'000 : random.below(2) == 0 ? 600'000'000 : 7'000'000'000;
  world.faults.within = duration(1'000'000 + static_cast<std::int64_t>(random.below(longest)));
  plan.options.kept = durability::synced;
  switch (random.below(4)) {
    case 0:
      world.disk.loses_power = true;
      break;
    case 1:
      world.disk.loses_power = true;
      world.disk.failing_syncs_in_million = 5'000;
      break;
    case 2:
      plan.has_survivors = true;
      break;
    default:
      plan.has_survivors = true;
      plan.options.kept = durability::written;
  }
  if (plan.has_survivors) {
    const std::uint64_t most = random.below(2) == 0 ? 60'000'000 : 9'000'000'000;
    world.faults.zombies = duration(1 + static_cast<std::int64_t>(random.below(most)));
  }
  if (random.below(3) == 0) {
    plan.has_sick_children = true;
    world.faults.child_deaths_in_thousand = static_cast<int>(random.below(60));
    world.faults.child_hangs_in_thousand = static_cast<int>(random.below(30));
    world.faults.child_floods_in_thousand = static_cast<int>(random.below(30));
  }
  plan.options.slots = 1 + static_cast<int>(random.below(3));
  plan.options.retries = static_cast<int>(random.below(3));
  plan.options.run_dependents = random.below(4) == 0;
  draw_list(random, plan);
  return plan;
}

task<int> live(context& ctx, const batch_plan& plan, int life, farm_witness& witness) {
  farm::batch_request request;
  request.directory = directory;
  request.options = plan.options;
  request.tasks = [&plan] { return plan.list; };
  request.list_name = "the list";
  farm::batch_input input;
  const farm::batch_terms terms = co_await farm::prepare_batch(ctx, request, input);
  if (terms.refused != 0) co_return terms.refused;
  witness.took_over(life, terms.run.epoch);
  farm::batch_input* mine = ctx.rank() == 0 ? &input : nullptr;
  const farm::batch_report report = co_await farm::run_batch(ctx, directory, terms, request.options, mine);
  co_return ctx.rank() == 0 ? farm::exit_code_of(report) : 0;
}

std::string content_of(sim::world& cluster, const std::string& path) {
  const auto& files = cluster.disks().shared().names().files;
  const auto found = files.find(path);
  if (found == files.end()) return {};
  const auto& data = found->second->data;
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

template <class Take>
void for_each_line(const std::string& text, const Take& take) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    take(text.substr(at, end - at));
    at = end + 1;
  }
}

/// Whether a task may have ended so.
bool is_right(const drawn_task& task, bool succeeded, const batch_plan& plan) {
  if (plan.has_sick_children) return true;
  // An attempt that was lost with its life counts for nothing, but it was the first one.
  if (task.kind == task_kind::fails_at_first) return succeeded || plan.options.retries == 0;
  return succeeded == (task.kind == task_kind::works);
}

/// The results of a batch that was run to its end, against what its tasks do.
std::string judge_results(sim::world& cluster, const batch_plan& plan) {
  std::map<std::uint64_t, bool> succeeded;
  std::string wrong;
  for_each_line(content_of(cluster, directory.results_file()), [&](const std::string& line) {
    const auto one = nlohmann::json::parse(line, nullptr, false);
    if (one.is_discarded()) {
      wrong = "a line of the results is none: " + line;
      return;
    }
    const std::uint64_t id = one["id"];
    if (id < 1 || id > plan.list.size() || one["command"] != plan.list[id - 1].command) {
      wrong = "no such task: " + line;
    } else if (!succeeded.emplace(id, one["exit"] == 0 && !one.contains("timed_out")).second) {
      wrong = "task " + std::to_string(id) + " has two results";
    }
  });
  std::set<std::string> effects;
  for_each_line(content_of(cluster, "effects"), [&](const std::string& line) { effects.insert(line); });
  for (const farm::task& one : plan.list) {
    const auto parent_is_well = [&](std::uint64_t id) {
      const auto at = succeeded.find(id);
      return at != succeeded.end() && at->second;
    };
    const bool may_run = plan.options.run_dependents ||
                         std::all_of(one.parents.begin(), one.parents.end(), parent_is_well);
    const auto found = succeeded.find(one.id);
    const std::string name = "task " + std::to_string(one.id);
    if (found == succeeded.end()) {
      if (may_run && wrong.empty()) wrong = name + " has no result";
      continue;
    }
    const drawn_task& drawn = plan.tasks[one.id - 1];
    if (!is_right(drawn, found->second, plan) && wrong.empty())
      wrong = name + (found->second ? " has succeeded" : " has failed");
    if (found->second && !cluster.engine().options().disk.loses_power && effects.count(std::to_string(one.id)) == 0 &&
        wrong.empty())
      wrong = name + " has succeeded and done nothing";
  }
  return wrong;
}

/// Lines that a life of a farm may write when the one before was killed, or a disk failed.
std::string complaint(const std::string& written) {
  std::string found;
  for_each_line(written, [&](const std::string& line) {
    const auto says = [&line](const char* what) { return line.find(what) != std::string::npos; };
    const bool is_progress = line.starts_with("weft-farm: ") && says(" tasks, ");
    const bool is_right = is_progress || says("they are no whole records") || says("has not ended; it is shut out") ||
                          says("cannot force") || says("supervisor of this rank's tasks has ended") ||
                          says("a later run has taken over") || says("after it failed") || says("W context: ");
    if (!is_right && found.empty()) found = line;
  });
  return found;
}

std::string run(std::uint64_t seed, tally& counts) {
  constexpr int most_lives = 60;
  random_source random(seed);
  sim::world_options options = draw_world(seed);
  const batch_plan plan = draw_batch(random, options);
  farm_witness* watching = nullptr;
  options.children = farm::with_supervisors([&](const child_program& shell, const sim::child_origin& origin) {
    const std::uint64_t id = std::stoull(shell.argv.back().substr(shell.argv.back().rfind(' ') + 1));
    std::uint64_t attempt = 1;
    for (const std::string& variable : shell.environment) {
      if (variable.starts_with("WEFT_TASK_ATTEMPT=")) attempt = std::stoull(variable.substr(variable.find('=') + 1));
    }
    watching->started(id, origin.life);
    return script_of(plan.tasks[id - 1], id, attempt);
  });
  sim::world cluster(options);
  farm_witness witness(cluster, directory.results_file());
  watching = &witness;
  bool lost_power = false;
  for (int life = 1; life <= most_lives; ++life) {
    witness.begin_life(lost_power);
    const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
    const sim::outcome end = cluster.run([&plan, life, &witness](context& ctx) { return live(ctx, plan, life, witness); }, ranks);
    counts.messages = cluster.counts().messages;
    lost_power = end.is_crashed && options.disk.loses_power;
    if (!witness.verdict().empty()) return witness.verdict() + " (seen in life " + std::to_string(life) + ")";
    if (end.stopped_by > sim::stop_reason::life_over) return end.report;
    for (int rank = 0; rank < ranks; ++rank) {
      if (std::string text = complaint(cluster.error_output(rank)); !text.empty()) return text;
    }
    const bool has_failed = !end.is_crashed && end.exit_code == static_cast<int>(exit_code::runtime_error);  // of one rank
    if (!end.is_crashed && !has_failed) {
      if (end.exit_code != 0 && end.exit_code != static_cast<int>(exit_code::tasks_failed))
        return "a life ended with " + std::to_string(end.exit_code);
      return judge_results(cluster, plan);
    }
    ++counts.crashes;
    counts.crash_points.push_back(end.interface_events * 64 + static_cast<std::uint64_t>(end.crashed_rank + 1));
  }
  return "no life came to its end";
}

}  // namespace

const suite farm_suite{"farm", run};

}  // namespace weft::seeds
