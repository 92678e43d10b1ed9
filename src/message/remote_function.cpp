// SPDX-License-Identifier: BSL-1.0
#include <weft/message/remote_function.hpp>

#include <algorithm>

#include <weft/comm/collectives.hpp>
#include <weft/core/error.hpp>
#include <weft/port/context.hpp>

namespace weft {
namespace detail {
namespace {

// Grows only while the program is loaded, before `main`; nobody sees it before `remote_table::of_program` has made a
// constant of it.
constinit const remote_registration* newest_registration = nullptr;

}  // namespace

remote_registration::remote_registration(const remote_entry& what) noexcept : what_(what), next_(newest_registration) {
  newest_registration = this;
}

}  // namespace detail

namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t with) noexcept {
  return (hash ^ with) * 0x100000001b3u;  // as FNV-1a goes on
}

/// A function that not every rank has, by name.
std::string odd_function(const std::vector<std::vector<std::string>>& tables) {
  for (std::size_t rank = 0; rank < tables.size(); ++rank) {
    for (const std::string& name : tables[rank]) {
      for (std::size_t other = 0; other < tables.size(); ++other) {
        const auto& its = tables[other];
        if (std::find(its.begin(), its.end(), name) != its.end()) continue;
        return "rank " + std::to_string(rank) + " has " + name + ", and rank " + std::to_string(other) + " has not";
      }
    }
  }
  return "their functions have other parameters";
}

}  // namespace

remote_table::remote_table(std::vector<const remote_entry*> all) : entries_(std::move(all)) {
  // Equal names (lambdas of one function) keep the order in which they were registered, which one build fixes.
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const remote_entry* a, const remote_entry* b) { return a->name < b->name; });
  for (const remote_entry* each : entries_) {
    fingerprint_ = mixed(mixed(fingerprint_, fnv1a(each->name)), each->place);
  }
}

const remote_table& remote_table::of_program() {
  static const remote_table all = [] {
    std::vector<const remote_entry*> found;
    for (auto at = detail::newest_registration; at != nullptr; at = at->next_) found.push_back(&at->what_);
    std::reverse(found.begin(), found.end());
    return remote_table(std::move(found));
  }();
  return all;
}

std::uint32_t remote_table::number_of(const remote_entry& what) const {
  const auto at = std::find(entries_.begin(), entries_.end(), &what);
  if (at == entries_.end()) {
    throw usage_error("the remote function " + std::string(what.name) +
                      " came with a library that was loaded after the first use of remote functions");
  }
  return static_cast<std::uint32_t>(at - entries_.begin());
}

const remote_entry& remote_table::at(std::uint32_t number, std::uint64_t place) const {
  if (number >= entries_.size()) {
    throw decode_error("remote function " + std::to_string(number) + " was asked for, but this program has only " +
                       std::to_string(entries_.size()) + ": the ranks run different programs");
  }
  const remote_entry& found = *entries_[number];
  if (found.place != place) {
    throw decode_error("remote function " + std::to_string(number) + " is " + std::string(found.name) +
                       " here, which cannot run where it was asked to: the ranks run different programs");
  }
  return found;
}

std::vector<std::string> remote_table::names() const {
  std::vector<std::string> all;
  for (const remote_entry* each : entries_) all.emplace_back(each->name);
  return all;
}

task<> verify_remote_functions(context& ctx, const remote_table& mine) {
  const std::uint64_t print = mine.fingerprint();
  // The smallest of all and, as its complement, the largest, by one operation.
  auto comparing = ctx.world().iallreduce(std::vector<std::uint64_t>{print, ~print}, minimum);
  const std::vector<std::uint64_t> least = co_await std::move(comparing);
  if (least[0] == ~least[1]) co_return;
  auto telling = ctx.world().iallgather(mine.names());
  const std::vector<std::vector<std::string>> tables = co_await std::move(telling);
  throw usage_error("the ranks do not agree on the remote functions: " + odd_function(tables) +
                    "; start the same build of the same program on all ranks");
}

}  // namespace weft
