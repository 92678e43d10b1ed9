// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

/// An explicit-state model checker: breadth first over all states that a model can reach, as TLC does it.
///
/// A model has
///     using state = …;                                // normalised: two states that behave alike are equal
///     state initial() const;
///     std::string key(const state&) const;            // equal exactly if the states are
///     void successors(const state&, visit) const;     // visit(state next, step, bool is_fault)
///     std::string violation(const state&) const;      // "" if it is as it should be
///     bool is_resolved(const state&) const;           // what every state must be able to reach without further faults
namespace explore {

/// What a step is called: "participant 1 gets vote_yes". Put together only if somebody wants to read it.
struct step {
  const char* what = "";
  int at = -1;  ///< -1: has no number
  const char* more = "";
  std::string text() const {
    std::string all = what;
    if (at >= 0) all += " " + std::to_string(at);
    return all + (*more != 0 ? std::string(" ") + more : "");
  }
};

struct options {
  std::uint64_t most_states = 50'000'000;
  bool check_progress = true;
};

struct result {
  std::uint64_t distinct = 0;
  std::uint64_t generated = 0;  ///< with the initial state and repetitions, as TLC counts
  std::uint64_t depth = 0;      ///< levels; the initial state is the first
  std::uint64_t stuck = 0;      ///< states that cannot come to a resolved one
  bool closed = true;           ///< false: stopped at `most_states`
  std::string violation;        ///< of the shallowest state that has one
  std::uint64_t violation_depth = 0;
  std::vector<std::string> trace;  ///< the steps that lead to the violation, or to the first stuck state
  double seconds = 0;

  bool is_clean() const { return closed && stuck == 0 && violation.empty(); }
};

template <class Model>
class explorer {
 public:
  explicit explorer(const Model& model, options how = {}) : model_(model), options_(how) {}

  /// Explores to closure, or to the first violation.
  result run() {
    const auto start = std::chrono::steady_clock::now();
    add(model_.initial(), none, {});
    std::size_t level_end = states_.size();
    result_.depth = 1;
    for (std::size_t at = 0; at < states_.size() && result_.violation.empty(); ++at) {
      if (at == level_end) {
        ++result_.depth;
        level_end = states_.size();
      }
      if (states_.size() > options_.most_states) {
        result_.closed = false;
        break;
      }
      expand(at);
    }
    if (result_.closed && result_.violation.empty() && options_.check_progress) find_stuck();
    result_.distinct = states_.size();
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(result_);
  }

 private:
  using state = typename Model::state;
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct known {
    state what;
    std::uint32_t parent;
    step label;
  };

  void expand(std::size_t at) {
    const state from = states_[at].what;
    model_.successors(from, [&](const state& next, const step& label, bool is_fault) {
      const auto parent = static_cast<std::uint32_t>(at);
      const std::uint32_t to = add(next, parent, label);
      if (options_.check_progress && !is_fault && to != parent) edges_.emplace_back(to, parent);
    });
  }

  std::uint32_t add(const state& next, std::uint32_t parent, const step& label) {
    ++result_.generated;
    const auto [entry, is_new] = index_.try_emplace(model_.key(next), static_cast<std::uint32_t>(states_.size()));
    if (!is_new) return entry->second;
    states_.push_back({next, parent, label});
    std::string wrong = model_.violation(next);
    if (!wrong.empty() && result_.violation.empty()) {
      result_.violation = std::move(wrong);
      result_.trace = trace_to(entry->second);
      result_.violation_depth = result_.trace.size() + 1;
    }
    return entry->second;
  }

  std::vector<std::string> trace_to(std::uint32_t at) const {
    std::vector<std::string> steps;
    for (; states_[at].parent != none; at = states_[at].parent) steps.push_back(states_[at].label.text());
    std::reverse(steps.begin(), steps.end());
    return steps;
  }

  /// Backwards from the resolved states, over the steps that are no faults.
  void find_stuck() {
    std::sort(edges_.begin(), edges_.end());
    std::vector<bool> reached(states_.size(), false);
    std::vector<std::uint32_t> todo;
    for (std::uint32_t at = 0; at < states_.size(); ++at) {
      if (!model_.is_resolved(states_[at].what)) continue;
      reached[at] = true;
      todo.push_back(at);
    }
    while (!todo.empty()) {
      const std::uint32_t to = todo.back();
      todo.pop_back();
      auto edge = std::lower_bound(edges_.begin(), edges_.end(), std::pair<std::uint32_t, std::uint32_t>(to, 0));
      for (; edge != edges_.end() && edge->first == to; ++edge) {
        if (reached[edge->second]) continue;
        reached[edge->second] = true;
        todo.push_back(edge->second);
      }
    }
    for (std::uint32_t at = 0; at < states_.size(); ++at) {
      if (reached[at]) continue;
      if (result_.stuck++ == 0) result_.trace = trace_to(at);
    }
  }

  const Model& model_;
  options options_;
  result result_;
  std::vector<known> states_;
  std::unordered_map<std::string, std::uint32_t> index_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_;  // to, from
};

template <class Model>
result explore(const Model& model, options how = {}) {
  return explorer<Model>(model, how).run();
}

inline void print(const char* what, const result& r) {
  std::printf("%-58s %9llu distinct %10llu generated depth %3llu  %6.2f s", what,
              static_cast<unsigned long long>(r.distinct), static_cast<unsigned long long>(r.generated),
              static_cast<unsigned long long>(r.depth), r.seconds);
  if (r.stuck > 0) std::printf("  %llu stuck", static_cast<unsigned long long>(r.stuck));
  if (!r.violation.empty())
    std::printf("  at depth %llu: %s", static_cast<unsigned long long>(r.violation_depth), r.violation.c_str());
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace explore
