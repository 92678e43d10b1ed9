// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <weft/async/child.hpp>
#include <weft/sim/world.hpp>
#include <weft/weft.hpp>

namespace weft {
namespace {

using namespace std::chrono_literals;

child_program named(std::string name) {
  child_program program;
  program.argv = {std::move(name)};
  return program;
}

/// A world in which every child follows this script.
sim::world_options all_follow(sim::child_script script) {
  sim::world_options options;
  options.children = [script](const child_program&, const sim::child_origin&) { return script; };
  return options;
}

std::string content_of(sim::world& cluster, const std::string& path) {
  const auto& files = cluster.disks().shared().names().files;
  const auto found = files.find(path);
  if (found == files.end()) return "(missing)";
  const auto& data = found->second->data;
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

TEST(sim_children, write_and_end_as_their_script_says) {
  sim::child_script script;
  script.runs = 3ms;
  script.steps = {{1ms, "one\n", "", "made", "by a child\n"}, {2ms, "two\n", "oh\n", "", ""}};
  script.out = "three\n";
  script.exit_code = 7;
  sim::world cluster(all_follow(script));
  child_status status;
  std::string output, errors;
  const auto program = [&](context& ctx) -> task<> {
    child_process child(ctx.loop(), named("worker"));
    auto ended = child.wait();
    status = co_await std::move(ended);
    output = child.output();
    errors = child.errors();
  };
  const sim::outcome end = cluster.run(program, 1);
  EXPECT_TRUE(end) << end.report;
  EXPECT_GE(end.virtual_time, 3ms);
  EXPECT_EQ(status.exit_code, 7);
  EXPECT_EQ(output, "one\ntwo\nthree\n");
  EXPECT_EQ(errors, "oh\n");
  EXPECT_EQ(content_of(cluster, "made"), "by a child\n");
}

TEST(sim_children, write_to_the_files_that_their_program_names) {
  sim::child_script script;
  script.steps = {{0ms, "early\n", "", "", ""}};
  script.out = "late\n";
  sim::world cluster(all_follow(script));
  const auto program = [](context& ctx) -> task<> {
    for (int i = 0; i < 2; ++i) {
      child_program wanted = named("worker");
      wanted.output_file = "log";
      child_process child(ctx.loop(), wanted);
      auto ended = child.wait();
      co_await std::move(ended);
      EXPECT_EQ(child.output(), "");
    }
  };
  EXPECT_TRUE(cluster.run(program, 1));
  EXPECT_EQ(content_of(cluster, "log"), "early\nlate\n");  // of the second one: the first one's was truncated
}

TEST(sim_children, die_of_signals_unless_they_are_stubborn) {
  for (const bool is_stubborn : {false, true}) {
    sim::child_script script;
    script.runs = duration::max();
    script.is_stubborn = is_stubborn;
    sim::world cluster(all_follow(script));
    child_status status;
    const auto program = [&](context& ctx) -> task<> {
      child_process child(ctx.loop(), named("worker"));
      auto ended = child.wait();
      co_await sleep_for(1ms);
      child.kill(SIGTERM);
      co_await sleep_for(1ms);
      child.kill(SIGKILL);
      status = co_await std::move(ended);
    };
    EXPECT_TRUE(cluster.run(program, 1));
    EXPECT_EQ(status.signal, is_stubborn ? SIGKILL : SIGTERM);
  }
}

TEST(sim_children, one_that_hangs_is_a_standstill_for_who_waits_for_it) {
  sim::child_script script;
  script.runs = duration::max();
  sim::world cluster(all_follow(script));
  const auto program = [](context& ctx) -> task<> {
    child_process child(ctx.loop(), named("worker"));
    auto ended = child.wait();
    co_await std::move(ended);
  };
  const sim::outcome end = cluster.run(program, 1);
  EXPECT_EQ(end.stopped_by, sim::stop_reason::standstill);
  EXPECT_NE(end.report.find("children_test.cpp"), std::string::npos) << end.report;
}

/// How a hundred children end that all have the same short script.
std::vector<child_status> ends_under(const sim::fault_options& faults, std::size_t& most_output) {
  sim::child_script script;
  script.out = "well";
  sim::world_options options = all_follow(script);
  options.faults = faults;
  sim::world cluster(options);
  std::vector<child_status> ends;
  const auto program = [&](context& ctx) -> task<> {
    for (int i = 0; i < 100; ++i) {
      child_process child(ctx.loop(), named("worker"));
      auto ended = child.wait();
      co_await sleep_for(10ms);
      child.kill(SIGKILL);
      ends.push_back(co_await std::move(ended));
      most_output = std::max(most_output, child.output().size());
    }
  };
  EXPECT_TRUE(cluster.run(program, 1));
  return ends;
}

TEST(sim_children, die_hang_and_print_endlessly_by_lot) {
  const auto of_signal = [](const std::vector<child_status>& ends, int signal) {
    return std::count_if(ends.begin(), ends.end(), [signal](const child_status& s) { return s.signal == signal; });
  };
  std::size_t most_output = 0;
  sim::fault_options none;
  EXPECT_EQ(of_signal(ends_under(none, most_output), 0), 100);
  EXPECT_EQ(most_output, 4u);

  sim::fault_options deaths;
  deaths.child_deaths_in_thousand = 500;
  const auto dead = ends_under(deaths, most_output);
  EXPECT_GT(of_signal(dead, 0), 20);
  EXPECT_GT(of_signal(dead, SIGSEGV), 0);
  EXPECT_EQ(most_output, 4u);

  sim::fault_options hangs;
  hangs.child_hangs_in_thousand = 1000;
  most_output = 0;
  EXPECT_EQ(of_signal(ends_under(hangs, most_output), SIGKILL), 100);
  EXPECT_EQ(most_output, 0u);

  sim::fault_options floods;
  floods.child_floods_in_thousand = 1000;
  EXPECT_EQ(of_signal(ends_under(floods, most_output), SIGKILL), 100);
  EXPECT_GT(most_output, 50'000u);
}

/// Starts a child of its own for each piece that it reads, and tells how they end; ends when its input does.
class overseer final : public sim::child_actor {
 public:
  void begin(sim::simulated_process& self) override { self.print(output_stream::out, "ready;"); }
  void on_input(sim::simulated_process& self, std::span<const std::byte> piece) override {
    self.start(named(std::string(reinterpret_cast<const char*>(piece.data()), piece.size())));
  }
  void on_child(sim::simulated_process& self, const host_event& event) override {
    if (event.what == host_event::kind::child_exit) self.print(output_stream::out, std::to_string(event.exit_code) + ";");
  }
  void on_input_end(sim::simulated_process& self) override { self.call_in(20ms, 1); }
  void on_time(sim::simulated_process& self, std::uint64_t what) override {
    self.append("ended", self.program().argv.front() + "\n");
    self.exit(static_cast<int>(what));
  }
};

/// The raw interface: a weft::child_process has no input.
struct heard final : host_listener {
  std::string output;
  int exit_code = -1;
  void on_event(const host_event& event) noexcept override {
    output.append(reinterpret_cast<const char*>(event.data.data()), event.data.size());
    if (event.what == host_event::kind::child_exit) exit_code = event.exit_code;
  }
};

sim::world_options with_overseer() {
  sim::world_options options;
  options.children = [](const child_program& program, const sim::child_origin&) {
    sim::child_script script;
    script.runs = 1ms;
    script.exit_code = static_cast<int>(program.argv.front().size());
    if (program.argv.front() == "overseer") script.actor = std::make_shared<overseer>();
    return script;
  };
  return options;
}

TEST(sim_children, may_decide_by_themselves_and_have_children) {
  sim::world cluster(with_overseer());
  heard news;
  const auto program = [&](context& ctx) -> task<> {
    child_program wanted = named("overseer");
    wanted.has_input = true;
    host& outside = ctx.host();
    ctx.loop().note_outside_work();
    const child_id child = outside.start(wanted, static_cast<host_listener*>(&news));
    for (const char* text : {"a", "bbb"}) {
      outside.give(child, std::as_bytes(std::span<const char>(text, std::string_view(text).size())));
    }
    co_await sleep_for(10ms);
    outside.end_input(child);
    co_await sleep_for(40ms);
  };
  const sim::outcome end = cluster.run(program, 1);
  EXPECT_TRUE(end) << end.report;
  EXPECT_EQ(news.output, "ready;1;3;");
  EXPECT_EQ(news.exit_code, 1);
}

TEST(sim_children, outlive_their_rank_until_they_notice_but_no_loss_of_power) {
  for (const bool loses_power : {false, true}) {
    sim::world_options options = with_overseer();
    options.disk.loses_power = loses_power;
    sim::world cluster(options);
    heard news;
    const auto dies = [&](context& ctx) -> task<> {
      child_program wanted = named("overseer");
      wanted.has_input = true;
      ctx.loop().note_outside_work();
      ctx.host().start(wanted, static_cast<host_listener*>(&news));
      co_await sleep_for(1ms);
      ctx.abort(3);
    };
    EXPECT_TRUE(cluster.run(dies, 1).is_crashed);
    EXPECT_EQ(content_of(cluster, "ended"), "(missing)");
    EXPECT_TRUE(cluster.run([](context&) -> task<> { co_await sleep_for(100ms); }, 1));
    EXPECT_EQ(content_of(cluster, "ended"), loses_power ? "(missing)" : "overseer\n");
  }
}

}  // namespace
}  // namespace weft
