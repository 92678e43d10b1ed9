// SPDX-License-Identifier: BSL-1.0
#include "sim/rank_host.hpp"

#include <algorithm>
#include <csignal>

#include <weft/core/crc32c.hpp>
#include <weft/core/error.hpp>

namespace weft::sim {

namespace {

host_event event_of(host_event::kind what) {
  host_event event{};
  event.what = what;
  return event;
}

}  // namespace

child_id rank_host::start(const child_program& program, void* token) {
  if (program.argv.empty()) throw world_error("a child program without a name", 0);
  const std::string& name = program.argv.front();
  self_.on.trace(self_, traced::child, -1, -1, program.argv.size(), crc32c(name.data(), name.size()));
  const child_scripts& scripts = self_.on.options().children;
  child made{scripts ? scripts(program, self_.rank) : child_script{}, token, 0};
  made.ends_at = saturating_add(time_point(duration(self_.clock)), made.does.runs).time_since_epoch().count();
  const std::uint32_t number = ++next_child_;
  if (made.does.prints_every.count() > 0) self_.on.call_at(self_.clock + made.does.prints_every.count(), *this, number);
  if (made.does.runs != duration::max()) self_.on.call_at(made.ends_at, *this, number);
  children_.emplace(number, std::move(made));
  return child_id{number};
}

bool rank_host::kill(child_id which, int signal) {
  const auto number = static_cast<std::uint32_t>(which);
  if (children_.count(number) == 0) return false;
  if (signal != 0) end(number, -1, signal);
  return true;
}

void rank_host::on_time(std::uint64_t argument) {
  const auto number = static_cast<std::uint32_t>(argument);
  const auto found = children_.find(number);
  if (found == children_.end()) return;
  const child& who = found->second;
  print(number, who);
  if (self_.on.now() >= who.ends_at) {
    end(number, who.does.signal != 0 ? -1 : who.does.exit_code, who.does.signal);
  } else if (who.does.prints_every.count() > 0) {
    self_.on.call_at(self_.on.now() + who.does.prints_every.count(), *this, number);
  }
}

void rank_host::print(std::uint32_t number, const child& who) {
  for (const output_stream stream : {output_stream::out, output_stream::err}) {
    const std::string& text = stream == output_stream::out ? who.does.out : who.does.err;
    if (text.empty()) continue;
    host_event event = event_of(host_event::kind::child_output);
    event.child = child_id{number};
    event.stream = stream;
    event.token = who.token;
    add({event, text});
  }
}

void rank_host::end(std::uint32_t number, int exit_code, int signal) {
  host_event event = event_of(host_event::kind::child_exit);
  event.child = child_id{number};
  event.token = children_.at(number).token;
  event.exit_code = exit_code;
  event.signal = signal;
  children_.erase(number);
  add({event, {}});
}

void rank_host::add(item one) {
  news_.push_back(std::move(one));
  self_.on.wake(self_);
}

bool rank_host::take(host_event& next) {
  if (news_.empty()) return false;
  next = news_.front().event;
  handed_out_.push_back(std::move(news_.front().text));
  news_.pop_front();
  next.data = std::as_bytes(std::span<const char>(handed_out_.back()));
  return true;
}

bool rank_host::raise(int signal) {
  const auto watched = signals.find(signal);
  if (watched == signals.end()) return false;
  host_event event = event_of(host_event::kind::signal);
  event.signal = signal;
  event.token = watched->second;
  add({event, {}});
  return true;
}

void rank_host::close() noexcept {
  children_.clear();
  signals.clear();
  news_.clear();
  handed_out_.clear();
}

}  // namespace weft::sim
