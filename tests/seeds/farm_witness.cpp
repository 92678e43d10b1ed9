// SPDX-License-Identifier: BSL-1.0
#include "farm_witness.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

namespace weft::seeds {

farm_witness::farm_witness(sim::world& cluster, std::string results_file)
    : cluster_(cluster), path_(std::move(results_file)) {
  cluster.engine().watch(*this, 1);
}

void farm_witness::begin_life(bool lost_power) {
  if (!lost_power) return look();
  const auto& names = cluster_.disks().shared().names().files;
  const auto found = names.find(path_);
  ignored_ = found == names.end() ? nullptr : found->second;  // the next life replaces it before it writes there
  files_.clear();
}

void farm_witness::on_event(std::uint64_t, const sim::trace_entry& event) {
  using sim::traced;
  if (event.what != traced::disk_write && event.what != traced::disk_name) return;
  // What a write changes comes after its event, and what a name changes before.
  for (seen_file& one : files_) take_lines(one);
  if (event.what == traced::disk_write) look();
  if (const sim::endpoint* by = cluster_.engine().current()) writer_ = by->of.number;
  if (event.what == traced::disk_name) look();
}

void farm_witness::look() {
  const auto& names = cluster_.disks().shared().names().files;
  const auto found = names.find(path_);
  if (found != names.end() && found->second != ignored_) {
    const auto is_same = [&](const seen_file& one) { return one.file == found->second; };
    if (std::none_of(files_.begin(), files_.end(), is_same)) files_.push_back({found->second, 0});
  }
  for (seen_file& one : files_) take_lines(one);
}

void farm_witness::take_lines(seen_file& from) {
  const auto& data = from.file->data;
  while (from.taken < data.size()) {
    const std::string_view rest(reinterpret_cast<const char*>(data.data()) + from.taken, data.size() - from.taken);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return;
    from.taken += end + 1;
    take(rest.substr(0, end));
  }
}

void farm_witness::take(std::string_view line) {
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (parsed.is_discarded() || !parsed.contains("id")) return wrong(0, "has a line that is none: " + std::string(line));
  const std::uint64_t id = parsed["id"];
  const std::uint64_t epoch = epoch_of(writer_);
  const auto told = over_.emplace(id, epoch).first;
  told->second = std::min(told->second, epoch);
  const auto started = last_start_.find(id);
  if (started != last_start_.end() && started->second > epoch) {
    wrong(id, "was told to be over by epoch " + std::to_string(epoch) + " after epoch " +
                  std::to_string(started->second) + " had started it anew");
  }
}

/// What a life writes before it is known to have the journal repeats lines of others.
std::uint64_t farm_witness::epoch_of(int life) const {
  const auto found = epochs_.find(life);
  return found == epochs_.end() ? std::numeric_limits<std::uint64_t>::max() : found->second;
}

void farm_witness::started(std::uint64_t id, int life) {
  look();
  ++starts_;
  const std::uint64_t epoch = epoch_of(life);
  std::uint64_t& last = last_start_[id];
  last = std::max(last, epoch);
  const auto told = over_.find(id);
  if (told == over_.end() || told->second > epoch) return;
  wrong(id, "was told to be over by epoch " + std::to_string(told->second) + ", and runs in epoch " +
                std::to_string(epoch));
}

void farm_witness::wrong(std::uint64_t id, const std::string& what) {
  if (wrong_.empty()) wrong_ = "task " + std::to_string(id) + " " + what;
}

}  // namespace weft::seeds
