// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/explore.hpp>

#include <algorithm>

#include <weft/core/error.hpp>

namespace weft::sim {

namespace {

bool concerns_one_rank(const choice& c) { return c.what == choice::kind::deliver || c.what == choice::kind::timer; }

/// It does not matter which of them comes first.
bool are_independent(const choice& a, const choice& b) {
  return concerns_one_rank(a) && concerns_one_rank(b) && a.rank != b.rank;
}

/// Depth first through the tree of choices: each run follows the path to its end and then goes on by itself.
class path_finder final : public chooser {
 public:
  explicit path_finder(const explore_options& options) : options_(options) {}

  bool orders_ranks() const noexcept override { return options_.orders_ranks; }
  bool may_stop_ranks() const noexcept override { return stops_ < options_.preemptions; }

  std::size_t choose(std::span<const choice> options) override {
    if (is_repetition_ || is_lost_) return 0;  // to the end, somehow: ranks that end leave nothing behind
    if (at_ == options_.most_choices) {
      is_cut_ = true;
      return 0;
    }
    if (at_ == path_.size() && !add_node(options)) {
      is_repetition_ = true;
      return 0;
    }
    const node& here = path_[at_++];
    if (!std::equal(options.begin(), options.end(), here.options.begin(), here.options.end())) {
      is_lost_ = true;
      return 0;
    }
    if (here.options[here.taken].what == choice::kind::stop) ++stops_;
    return here.taken;
  }

  void begin() {
    at_ = 0;
    stops_ = 0;
    is_repetition_ = false;
  }
  bool is_repetition() const noexcept { return is_repetition_; }
  bool is_lost() const noexcept { return is_lost_; }
  /// Turns to the next path; false if there is none.
  bool advance() {
    path_.resize(std::min(path_.size(), at_));
    while (!path_.empty()) {
      node& last = path_.back();
      last.is_asleep[last.taken] = true;
      if (wake_one(last)) return true;
      path_.pop_back();
    }
    return false;
  }
  bool is_cut() const noexcept { return is_cut_; }
  std::vector<choice> chosen() const {
    std::vector<choice> all;
    for (std::size_t i = 0; i < at_; ++i) all.push_back(path_[i].options[path_[i].taken]);
    return all;
  }

 private:
  struct node {
    std::vector<choice> options;
    std::vector<bool> is_asleep;  ///< has been tried, here or where it came to the same
    std::size_t taken = 0;
  };

  static bool wake_one(node& n) {
    const auto next = std::find(n.is_asleep.begin(), n.is_asleep.end(), false);
    n.taken = static_cast<std::size_t>(next - n.is_asleep.begin());
    return next != n.is_asleep.end();
  }

  /// False if everything that could happen here has been tried elsewhere.
  bool add_node(std::span<const choice> options) {
    node made;
    made.options.assign(options.begin(), options.end());
    made.is_asleep.resize(options.size());
    if (options_.reduces && !path_.empty()) {
      const node& before = path_.back();
      for (std::size_t i = 0; i < before.options.size(); ++i) {
        if (!before.is_asleep[i] || !are_independent(before.options[i], before.options[before.taken])) continue;
        const auto same = std::find(options.begin(), options.end(), before.options[i]);
        if (same != options.end()) made.is_asleep[static_cast<std::size_t>(same - options.begin())] = true;
      }
    }
    if (!wake_one(made)) return false;
    path_.push_back(std::move(made));
    return true;
  }

  const explore_options& options_;
  std::vector<node> path_;
  std::size_t at_ = 0;
  int stops_ = 0;
  bool is_repetition_ = false;
  bool is_lost_ = false;
  bool is_cut_ = false;
};

std::string text_of(const choice& c) {
  const std::string rank = std::to_string(c.rank);
  switch (c.what) {
    case choice::kind::deliver:
      return "message " + std::to_string(c.number) + " from rank " + std::to_string(c.peer) + " to rank " + rank +
             ", tag " + std::to_string(c.tag);
    case choice::kind::timer:
      return "the timer of rank " + rank;
    case choice::kind::outside:
      return "something outside the ranks";
    case choice::kind::run:
      return "rank " + rank + " goes on first";
    case choice::kind::go_on:
      return "rank " + rank + " goes on";
    case choice::kind::stop:
      return "rank " + rank + " is stopped";
  }
  return "";
}

std::string report_of(const std::vector<choice>& chosen, const outcome& end) {
  std::string text = "fails in this order:\n";
  for (const choice& c : chosen) {
    if (c.what != choice::kind::go_on) text += "  " + text_of(c) + "\n";
  }
  return text + (end.report.empty() ? "exit code " + std::to_string(end.exit_code) + "\n" : end.report);
}

}  // namespace

exploration explore_program(weft::detail::program& body, int ranks, const explore_options& options,
                            const verdict& is_right) {
  exploration all;
  path_finder finder(options);
  bool is_left = true;
  while (is_left && all.runs + all.repetitions < options.most_runs) {
    finder.begin();
    world cluster(options.world);
    cluster.engine().set_chooser(finder);
    const outcome end = cluster.run_program(body, ranks, config());
    if (finder.is_lost())
      throw usage_error("explore: the program did not do the same as before after the same choices");
    if (finder.is_repetition()) {
      ++all.repetitions;
    } else {
      ++all.runs;
      if (!(is_right ? is_right(end) : static_cast<bool>(end))) {
        if (++all.failures == 1) {
          all.first_failure = finder.chosen();
          all.report = report_of(all.first_failure, end);
        }
        if (options.stops_at_failure) return all;
      }
    }
    is_left = finder.advance();
  }
  all.is_complete = !is_left && !finder.is_cut();
  return all;
}

}  // namespace weft::sim
