// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/sim_host.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <weft/core/crc32c.hpp>
#include <weft/core/error.hpp>

#include "sim/rank_host.hpp"

extern char** environ;  // NOLINT

namespace weft::sim {

namespace {

constexpr std::string_view simulator_variable = "WEFT_SIM";  // what ranks of the simulator need not know
constexpr duration write_cost{2000};

/// `[r0007 1.000012345] ` for each line.
std::string headed(const endpoint& rank, std::string_view text) {
  char head[64];
  const std::int64_t elapsed = rank.clock - rank.of.started_at;
  const int length =
      std::snprintf(head, sizeof head, "[r%04d %lld.%09lld] ", rank.rank,
                    static_cast<long long>(elapsed / 1'000'000'000), static_cast<long long>(elapsed % 1'000'000'000));
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.append(head, static_cast<std::size_t>(length));
    out += text.substr(0, end);
    text.remove_prefix(end);
  }
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const std::size_t before = text.rfind('\n');
  return std::string(before == std::string_view::npos ? text : text.substr(before + 1));
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

sim_host::sim_host(endpoint& self, disks& all) : self_(self), mine_(std::make_shared<rank_host>(self, all)) {
  self_.attachments.push_back(std::shared_ptr<event_target>(mine_, &mine_->children()));
  self_.host = mine_.get();
  self_.at_kill.push_back([mine = mine_] { mine->close(); });
  self_.at_power_loss.push_back([mine = mine_] { mine->children().end_all(); });
}

sim_host::~sim_host() {
  mine_->close();
  self_.host = nullptr;
}

child_id sim_host::start(const child_program& program, void* token) { return mine_->children().start(program, token); }
bool sim_host::kill(child_id child, int signal) { return mine_->children().signal(child, signal); }
bool sim_host::give(child_id child, std::span<const std::byte> bytes) { return mine_->children().give(child, bytes); }
void sim_host::end_input(child_id child) { mine_->children().end_input(child); }
void sim_host::abandon(child_id child) { mine_->abandon(child); }
void sim_host::watch_signal(int signal, void* token) { mine_->signals[signal] = token; }
void sim_host::unwatch_signal(int signal) { mine_->signals.erase(signal); }

void sim_host::watch_descriptor(int, bool, bool, void*) {
  throw not_supported("watching a descriptor (the simulator has none)");
}

std::optional<std::string> sim_host::variable(std::string_view name) const {
  if (!self_.on.options().use_environment || name == simulator_variable) return std::nullopt;
  const char* const value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::vector<std::string> sim_host::variable_names(std::string_view prefix) const {
  std::vector<std::string> names;
  if (!self_.on.options().use_environment) return names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (name.substr(0, prefix.size()) == prefix && name != simulator_variable) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

node_facts sim_host::node() const {
  node_facts facts;
  facts.name = "node" + std::to_string(self_.node);
  facts.memory_bytes = std::uint64_t{64} << 30;
  facts.process_id = self_.rank + 1;
  return facts;
}

wall_time sim_host::wall_now() const { return wall_time(duration(self_.clock)); }

void sim_host::entropy(std::span<std::byte> out) {
  for (std::byte& b : out) b = static_cast<std::byte>(self_.random() & 0xff);
}

void sim_host::write(output_stream stream, std::string_view text) {
  engine& on = self_.on;
  on.pass(self_, write_cost);
  on.trace(self_, traced::output, -1, static_cast<int>(stream), text.size(), crc32c(text.data(), text.size()));
  if (stream == output_stream::err) self_.last_words = last_line(text);
  std::string& kept = stream == output_stream::out ? self_.output : self_.error_output;
  if (on.options().echo_output) {
    write_all(stream == output_stream::out ? STDOUT_FILENO : STDERR_FILENO, headed(self_, text));
  } else {
    kept += text;
  }
}

std::size_t sim_host::poll(std::span<host_event> out) {
  mine_->forget_handed_out();
  std::size_t n = 0;
  while (n < out.size() && mine_->take(out[n])) ++n;
  return n;
}

bool sim_host::watching() const noexcept { return mine_->is_watching(); }

void sim_host::wake() noexcept {
  if (std::this_thread::get_id() != mine_->thread) {
    write_all(
        STDERR_FILENO,
        "weft: another thread posts to a rank of the simulator, which runs all ranks in one thread; unset WEFT_SIM "
        "for programs with threads\n");
    std::_Exit(static_cast<int>(exit_code::usage));
  }
  mine_->is_woken = true;
  self_.on.wake(self_);
}

bool sim_host::prepare_sleep() noexcept { return !mine_->is_woken; }
void sim_host::clear_wake() noexcept { mine_->is_woken = false; }

void raise_signal(endpoint& rank, int signal) {
  if (rank.host == nullptr || rank.host->raise(signal)) return;
  rank.on.lose(rank);
}

}  // namespace weft::sim
