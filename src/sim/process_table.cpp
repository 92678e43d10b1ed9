// SPDX-License-Identifier: BSL-1.0
#include "sim/process_table.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include <weft/core/crc32c.hpp>
#include <weft/core/error.hpp>

namespace weft::sim {

namespace {

constexpr std::int64_t pipe_delay = 5'000;  // until the other end has what was written
constexpr duration between_prints{50'000};
constexpr std::array deadly_signals{SIGKILL, SIGSEGV, SIGABRT, SIGTERM};

host_event event_of(host_event::kind what) {
  host_event event{};
  event.what = what;
  return event;
}

/// Signals whose default action is not to end the process.
bool is_harmless(int signal) {
  return signal == 0 || signal == SIGCONT || signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH;
}

bool add_to_file(disk_tree& tree, std::string_view path, std::string_view text) {
  const std::string name = tree.resolve(path);
  const disk_names& names = tree.names();
  if (names.directories.count(disk_tree::parent_of(name)) == 0 || names.directories.count(name) != 0) return false;
  if (names.files.count(name) == 0) tree.add_file(name, std::make_shared<disk_file>());
  disk_file& file = *names.files.find(name)->second;
  const std::uint64_t end = file.data.size();
  if (!tree.take_room(end, end + text.size())) return false;
  file.write(end, reinterpret_cast<const std::byte*>(text.data()), text.size());
  return true;
}

}  // namespace

void child_actor::on_input(simulated_process&, std::span<const std::byte>) {}
void child_actor::on_input_end(simulated_process& self) { self.exit(0); }
void child_actor::on_time(simulated_process&, std::uint64_t) {}
void child_actor::on_child(simulated_process&, const host_event&) {}
bool child_actor::survives(simulated_process&, int) { return false; }

class process_table::process final : public simulated_process {
 public:
  process(process_table& table, std::uint32_t its_number, std::uint32_t above, void* its_token, child_program program)
      : of(table), number(its_number), parent(above), token(its_token), program_(std::move(program)) {}
  ~process() {
    for (const auto& file : locked_) --file->shared_locks;
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  const child_program& program() const override { return program_; }
  int rank() const override { return of.self_.rank; }
  time_point now() const override { return time_point(duration(of.self_.on.present())); }
  random_source& random() override { return of.self_.random; }

  void print(output_stream stream, std::string_view text) override {
    const std::string& file = stream == output_stream::out ? program_.output_file : program_.error_file;
    if (text.empty() || is_over) return;
    if (!file.empty()) {
      add_to_file(of.disks_.shared(), file, text);
      return;
    }
    host_event event = event_of(host_event::kind::child_output);
    event.stream = stream;
    of.tell(*this, event, std::string(text));
  }
  bool append(std::string_view path, std::string_view text) override {
    return !is_over && add_to_file(of.disks_.shared(), path_of(path), text);
  }
  bool try_lock_shared(std::string_view path) override {
    const disk_tree& tree = of.disks_.shared();
    const auto found = tree.names().files.find(tree.resolve(path_of(path)));
    if (found == tree.names().files.end() || found->second->is_locked || is_over) return false;
    ++found->second->shared_locks;
    locked_.push_back(found->second);
    return true;
  }
  void call_in(duration after, std::uint64_t what) override {
    of.at(of.self_.on.present() + std::max<std::int64_t>(after.count(), 0), *this,
          [what](process& self) { self.does.actor->on_time(self, what); });
  }
  child_id start(const child_program& program) override { return of.start(program, nullptr, number); }
  bool kill(child_id child, int signal) override { return of.signal(child, signal); }
  bool give(child_id child, std::span<const std::byte> bytes) override { return of.give(child, bytes); }
  void exit(int code) override { of.end(*this, code, 0); }

  void truncate_outputs() {
    for (const std::string& path : {program_.output_file, program_.error_file}) {
      disk_tree& tree = of.disks_.shared();
      if (path.empty() || !add_to_file(tree, path, {})) continue;
      disk_file& file = *tree.names().files.find(tree.resolve(path))->second;
      tree.take_room(file.data.size(), 0);
      file.resize(0);
    }
  }

  process_table& of;
  const std::uint32_t number;
  const std::uint32_t parent;  ///< 0: the rank
  void* const token;
  child_script does;
  bool is_over = false;

 private:
  std::string path_of(std::string_view path) const {
    if (program_.directory.empty() || path.substr(0, 1) == "/") return std::string(path);
    return program_.directory + "/" + std::string(path);
  }

  const child_program program_;
  std::vector<std::shared_ptr<disk_file>> locked_;
};

process_table::process_table(endpoint& self, disks& all, listener tell)
    : self_(self), disks_(all), tell_(std::move(tell)) {}

std::shared_ptr<process_table::process> process_table::find(child_id which) const {
  const auto found = processes_.find(static_cast<std::uint32_t>(which));
  return found == processes_.end() ? nullptr : found->second;
}

void process_table::at(std::int64_t time, const process& of, std::function<void(process&)> run) {
  actions_.emplace(++last_action_, action{of.number, std::move(run)});
  self_.on.call_at(time, *this, last_action_);
}

void process_table::on_time(std::uint64_t number) {
  const auto due = actions_.find(number);
  if (due == actions_.end()) return;
  const action now = std::move(due->second);
  actions_.erase(due);
  // Kept: it may end itself.
  if (const std::shared_ptr<process> who = find(child_id{now.of})) now.run(*who);
}

/// The script, or what a fault makes of it.
child_script process_table::script_of(const child_program& program) {
  const child_scripts& scripts = self_.on.options().children;
  child_script does = scripts ? scripts(program, {self_.rank, self_.of.number}) : child_script{};
  const fault_options& faults = self_.on.options().faults;
  const int deaths = faults.child_deaths_in_thousand;
  const int hangs = deaths + faults.child_hangs_in_thousand;
  const int floods = hangs + faults.child_floods_in_thousand;
  if (floods == 0) return does;
  const int lot = static_cast<int>(self_.random.below(1000));
  const bool decides = does.actor != nullptr;
  if (lot < deaths) {
    const duration most = decides || does.runs == duration::max() ? faults.within : does.runs;
    does.runs = duration(static_cast<std::int64_t>(self_.random.below(static_cast<std::uint64_t>(most.count()) + 1)));
    does.signal = decides ? SIGKILL : deadly_signals[self_.random.below(deadly_signals.size())];
    does.out = does.err = {};
  } else if (lot < hangs && !decides) {
    does = child_script{};
    does.runs = duration::max();
  } else if (lot < floods && !decides) {
    does = child_script{};
    does.runs = duration::max();
    does.prints_every = between_prints;
    does.out.assign(512, 'y');
  }
  return does;
}

child_id process_table::start(const child_program& program, void* token, std::uint32_t parent) {
  if (program.argv.empty()) throw world_error("a child program without a name", 0);
  const std::string& name = program.argv.front();
  if (parent == 0)
    self_.on.trace(self_, traced::child, -1, -1, program.argv.size(), crc32c(name.data(), name.size()));
  const std::uint32_t number = ++last_process_;
  const auto made = std::make_shared<process>(*this, number, parent, token, program);
  made->does = script_of(program);
  made->truncate_outputs();
  processes_.emplace(number, made);
  own_ += parent == 0 ? 1 : 0;
  begin_script(made);
  return child_id{number};
}

void process_table::begin_script(const std::shared_ptr<process>& made) {
  const child_script& does = made->does;
  const std::int64_t now = self_.on.present();
  const auto die = [](process& who) {
    const child_script& script = who.does;
    if (script.actor == nullptr) {
      who.print(output_stream::out, script.out);
      who.print(output_stream::err, script.err);
    }
    who.of.end(who, script.signal != 0 ? -1 : script.exit_code, script.signal);
  };
  if (does.actor != nullptr) {
    at(now, *made, [](process& who) { who.does.actor->begin(who); });
    if (does.signal == SIGKILL) at(now + does.runs.count(), *made, die);
    return;
  }
  for (std::size_t i = 0; i < does.steps.size(); ++i) {
    at(now + does.steps[i].at.count(), *made, [i](process& who) { who.of.take_step(who, who.does.steps[i]); });
  }
  if (does.prints_every.count() > 0) {
    at(now + does.prints_every.count(), *made, [](process& who) { who.of.print_on(who); });
  }
  if (does.runs == duration::max()) return;
  at(saturating_add(time_point(duration(now)), does.runs).time_since_epoch().count(), *made, die);
}

void process_table::take_step(process& who, const child_step& step) {
  who.print(output_stream::out, step.out);
  who.print(output_stream::err, step.err);
  if (!step.file.empty()) who.append(step.file, step.text);
}

void process_table::print_on(process& who) {
  who.print(output_stream::out, who.does.out);
  who.print(output_stream::err, who.does.err);
  at(self_.on.present() + who.does.prints_every.count(), who, [](process& self) { self.of.print_on(self); });
}

bool process_table::signal(child_id which, int signal) {
  const std::shared_ptr<process> who = find(which);
  if (who == nullptr) return false;
  if (is_harmless(signal)) return true;
  if (signal != SIGKILL) {
    if (who->does.actor != nullptr ? who->does.actor->survives(*who, signal) : who->does.is_stubborn) return true;
  }
  end(*who, -1, signal);
  return true;
}

void process_table::abandon(child_id which) {
  const std::shared_ptr<process> who = find(which);
  if (who == nullptr) return;
  end_children_of(who->number);
  remove(*who);
}

bool process_table::give(child_id which, std::span<const std::byte> bytes) {
  const std::shared_ptr<process> who = find(which);
  if (who == nullptr) return false;
  if (who->does.actor == nullptr) return true;  // a script does not read
  at(self_.on.present() + pipe_delay, *who,
     [piece = std::vector<std::byte>(bytes.begin(), bytes.end())](process& self) {
       self.does.actor->on_input(self, piece);
     });
  return true;
}

void process_table::end_input(child_id which) {
  const std::shared_ptr<process> who = find(which);
  if (who == nullptr || who->does.actor == nullptr) return;
  at(self_.on.present() + pipe_delay, *who, [](process& self) { self.does.actor->on_input_end(self); });
}

void process_table::lose_rank() {
  tell_ = nullptr;
  std::vector<std::shared_ptr<process>> own;
  for (const auto& entry : processes_) {
    if (entry.second->parent == 0) own.push_back(entry.second);
  }
  for (const auto& one : own) {
    if (one->does.actor != nullptr && one->program().has_input) {
      end_input(child_id{one->number});
    } else {
      abandon(child_id{one->number});
    }
  }
}

void process_table::end_all() {
  while (!processes_.empty()) remove(*std::shared_ptr<process>(processes_.begin()->second));
}

void process_table::end_children_of(std::uint32_t number) {
  std::vector<std::shared_ptr<process>> children;
  for (const auto& entry : processes_) {
    if (entry.second->parent == number) children.push_back(entry.second);
  }
  for (const auto& child : children) abandon(child_id{child->number});
}

void process_table::remove(process& gone) {
  gone.is_over = true;
  own_ -= gone.parent == 0 ? 1 : 0;
  processes_.erase(gone.number);
}

void process_table::end(process& over, int exit_code, int signal) {
  if (over.is_over) return;
  end_children_of(over.number);
  host_event event = event_of(host_event::kind::child_exit);
  event.exit_code = exit_code;
  event.signal = signal;
  tell(over, event, {});
  remove(over);
}

void process_table::tell(const process& about, host_event event, std::string text) {
  event.child = child_id{about.number};
  event.token = about.token;
  if (about.parent == 0) {
    if (tell_) tell_(event, std::move(text));
    return;
  }
  const std::shared_ptr<process> parent = find(child_id{about.parent});
  if (parent == nullptr || parent->does.actor == nullptr) return;
  at(self_.on.present() + pipe_delay, *parent, [event, text = std::move(text)](process& self) mutable {
    event.data = std::as_bytes(std::span<const char>(text));
    self.does.actor->on_child(self, event);
  });
}

}  // namespace weft::sim
