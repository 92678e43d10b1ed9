// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/event_table.hpp>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <limits>

#include <weft/core/error.hpp>

extern "C" [[gnu::noinline]] void weft_sim_break(std::uint64_t event, int rank) {
  // Keeps the call, and its arguments readable, in optimised builds.
  asm volatile("" : : "r"(event), "r"(rank) : "memory");
}

namespace weft::sim {

namespace {

const char* name_of(traced what) {
  switch (what) {
    case traced::send:
      return "send";
    case traced::receive:
      return "receive";
    case traced::cancel:
      return "cancel";
    case traced::collective:
      return "collective";
    case traced::disk_write:
      return "disk write";
    case traced::disk_read:
      return "disk read";
    case traced::disk_sync:
      return "disk sync";
    case traced::disk_name:
      return "disk name";
    case traced::output:
      return "output";
    case traced::child:
      return "child";
    case traced::fault:
      return "fault";
    case traced::end:
      return "end";
  }
  return "";
}

}  // namespace

std::string event_heading() {
  return "   number            time  rank  event       peer        tag      bytes       crc\n";
}

std::string event_line(std::uint64_t number, const trace_entry& e) {
  char line[160];
  std::snprintf(line, sizeof line, "%9" PRIu64 "%16" PRId64 " %5d  %-10s %5d %10d %10" PRIu64 "  %08" PRIx32 "\n",
                number, e.time, e.rank, name_of(e.what), e.peer, e.tag, e.bytes, e.crc);
  return line;
}

std::string table_of_last_events(const engine& of) {
  const std::vector<trace_entry> events = of.last_events();
  std::uint64_t number = of.counts().interface_events - events.size();
  std::string text = event_heading();
  for (const trace_entry& one : events) text += event_line(++number, one);
  return text;
}

event_recorder::event_recorder(engine& of, const std::string& file, std::uint64_t break_at, std::uint64_t until)
    : engine_(of), break_at_(break_at), until_(until) {
  if (!file.empty()) {
    file_ = std::fopen(file.c_str(), "w");
    if (file_ == nullptr) throw world_error("cannot write the events to " + file, errno);
    std::fputs(event_heading().c_str(), file_);
  }
  constexpr std::uint64_t never_reached = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t first = std::min(break_at != 0 ? break_at : never_reached, until != 0 ? until : never_reached);
  of.watch(*this, file_ != nullptr ? 1 : first);
}

event_recorder::~event_recorder() {
  if (file_ != nullptr) std::fclose(file_);
}

void event_recorder::on_event(std::uint64_t number, const trace_entry& event) {
  if (file_ != nullptr) std::fputs(event_line(number, event).c_str(), file_);
  if (number == until_) engine_.stop(stop_reason::asked);
  if (number != break_at_) return;
  if (file_ != nullptr) std::fflush(file_);
  weft_sim_break(number, event.rank);
}

}  // namespace weft::sim
