// SPDX-License-Identifier: BSL-1.0
#include "support/list_history.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

namespace weft::testing {
namespace {

enum class dependence : std::uint8_t { overwrites, sees, is_overwritten, real_time };

struct edge {
  std::uint32_t to;
  dependence what;
};

class analysis {
 public:
  explicit analysis(const std::vector<list_transaction>& history) : history_(history), edges_(history.size()) {}

  std::string run() {
    find_writers();
    if (!wrong_.empty()) return wrong_;
    find_orders();
    if (!wrong_.empty()) return wrong_;
    for (std::uint32_t t = 0; t < history_.size(); ++t) {
      if (counts(t)) check_reads(t);
    }
    if (!wrong_.empty()) return wrong_;
    for (const auto& [key, all] : orders_) connect_versions(all);
    connect_unread();
    connect_reads();
    connect_time();
    return find_circle();
  }

 private:
  struct writer {
    std::uint32_t transaction;
    bool is_last;  ///< of its transaction, to that key
  };
  using versions = std::vector<std::int64_t>;

  /// One whose answer was lost counts if somebody has seen it.
  bool counts(std::uint32_t t) const {
    return history_[t].how == list_transaction::ending::committed || (!was_seen_.empty() && was_seen_[t]);
  }
  void refuse(const std::string& name, std::uint32_t t) {
    if (wrong_.empty()) wrong_ = name + ": " + std::to_string(t);
  }

  void find_writers() {
    for (std::uint32_t t = 0; t < history_.size(); ++t) {
      std::unordered_map<int, std::int64_t> last;
      for (const list_operation& o : history_[t].operations) {
        if (!o.is_append) continue;
        if (!writers_.try_emplace(o.appended, writer{t, true}).second) refuse("duplicate", t);
        if (const auto before = last.find(o.key); before != last.end()) writers_.at(before->second).is_last = false;
        last[o.key] = o.appended;
      }
    }
  }

  void find_orders() {
    was_seen_.assign(history_.size(), false);
    for (std::uint32_t t = 0; t < history_.size(); ++t) {
      if (history_[t].how == list_transaction::ending::aborted) continue;
      for (const list_operation& o : history_[t].operations) {
        if (o.is_append) continue;
        versions& longest = orders_[o.key];
        if (o.read.size() > longest.size()) longest = o.read;
      }
    }
    for (const auto& [key, all] : orders_) {
      std::unordered_map<std::int64_t, bool> seen;
      for (std::int64_t value : all) {
        const auto found = writers_.find(value);
        if (found == writers_.end()) continue;
        was_seen_[found->second.transaction] = true;
        if (std::exchange(seen[value], true)) refuse("duplicate", found->second.transaction);
      }
    }
  }

  /// Values that stand behind the transaction's own appends, which only it can have seen before it committed.
  static std::size_t own_tail(const list_transaction& t, std::size_t until, int key) {
    std::size_t own = 0;
    for (std::size_t i = 0; i < until; ++i) own += t.operations[i].is_append && t.operations[i].key == key ? 1 : 0;
    return own;
  }

  void check_reads(std::uint32_t t) {
    const auto& operations = history_[t].operations;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const list_operation& o = operations[i];
      if (o.is_append) continue;
      const versions& all = orders_.at(o.key);
      if (!std::equal(o.read.begin(), o.read.end(), all.begin())) return refuse("incompatible orders", t);
      const std::size_t own = own_tail(history_[t], i, o.key);
      if (own > o.read.size()) return refuse("internal", t);
      for (std::size_t k = 0; k < o.read.size(); ++k) {
        const auto found = writers_.find(o.read[k]);
        if (found == writers_.end()) return refuse("unknown value", t);
        const bool is_own = found->second.transaction == t;
        if (is_own != (k >= o.read.size() - own)) return refuse("internal", t);
        if (history_[found->second.transaction].how == list_transaction::ending::aborted) return refuse("G1a", t);
      }
      if (own == 0 && !o.read.empty() && !writers_.at(o.read.back()).is_last) return refuse("G1b", t);
    }
  }

  void connect(std::uint32_t from, std::uint32_t to, dependence what) {
    if (from != to) edges_[from].push_back({to, what});
  }
  void connect_versions(const versions& all) {
    for (std::size_t i = 1; i < all.size(); ++i)
      connect(writers_.at(all[i - 1]).transaction, writers_.at(all[i]).transaction, dependence::overwrites);
  }
  /// Appends of committed transactions that nobody has read came after all that were.
  void connect_unread() {
    std::unordered_map<std::int64_t, bool> is_read;
    for (const auto& [key, all] : orders_) {
      for (std::int64_t value : all) is_read[value] = true;
    }
    for (std::uint32_t t = 0; t < history_.size(); ++t) {
      if (!counts(t)) continue;
      for (const list_operation& o : history_[t].operations) {
        if (!o.is_append || is_read.count(o.appended) != 0) continue;
        unread_[o.key].push_back(t);
        const auto known = orders_.find(o.key);
        if (known == orders_.end() || known->second.empty()) continue;
        connect(writers_.at(known->second.back()).transaction, t, dependence::overwrites);
      }
    }
  }
  void connect_reads() {
    for (std::uint32_t t = 0; t < history_.size(); ++t) {
      if (!counts(t)) continue;
      for (const list_operation& o : history_[t].operations) {
        if (o.is_append) continue;
        if (!o.read.empty()) connect(writers_.at(o.read.back()).transaction, t, dependence::sees);
        const versions& all = orders_.at(o.key);
        if (o.read.size() < all.size()) {
          connect(t, writers_.at(all[o.read.size()]).transaction, dependence::is_overwritten);
        } else if (const auto later = unread_.find(o.key); later != unread_.end()) {
          for (std::uint32_t last : later->second) connect(t, last, dependence::is_overwritten);
        }
      }
    }
  }
  /// Who ended before another began comes first: over a chain of instants, so that the edges stay few.
  void connect_time() {
    struct event {
      std::int64_t at;
      bool is_end;
      std::uint32_t transaction;
    };
    std::vector<event> events;
    for (std::uint32_t t = 0; t < history_.size(); ++t) {
      if (!counts(t)) continue;
      events.push_back({history_[t].start, false, t});
      if (history_[t].how == list_transaction::ending::committed) events.push_back({history_[t].end, true, t});
    }
    std::sort(events.begin(), events.end(), [](const event& a, const event& b) {
      return a.at != b.at ? a.at < b.at : a.is_end < b.is_end;  // who ends when another begins is not before it
    });
    std::optional<std::uint32_t> instant;
    for (const event& e : events) {
      if (!e.is_end) {
        if (instant) edges_[*instant].push_back({e.transaction, dependence::real_time});
        continue;
      }
      const auto next = static_cast<std::uint32_t>(edges_.size());
      edges_.emplace_back();
      if (instant) edges_[*instant].push_back({next, dependence::real_time});
      edges_[e.transaction].push_back({next, dependence::real_time});
      instant = next;
    }
  }

  std::string find_circle() {
    for (dependence most : {dependence::overwrites, dependence::sees, dependence::is_overwritten, dependence::real_time}) {
      const std::vector<std::uint32_t> circle = shortest_circle(most);
      if (!circle.empty()) return describe(circle, most);
    }
    return "";
  }

  std::string describe(const std::vector<std::uint32_t>& circle, dependence most) const {
    std::string places;
    int overwritten = 0;
    for (std::size_t i = 0; i < circle.size(); ++i) {
      const std::uint32_t from = circle[i], to = circle[(i + 1) % circle.size()];
      if (from < history_.size()) places += " " + std::to_string(from);
      bool has_other = false;
      for (const edge& e : edges_[from]) has_other |= e.to == to && e.what < dependence::is_overwritten;
      overwritten += has_other ? 0 : 1;
    }
    const char* name = most == dependence::overwrites       ? "G0"
                       : most == dependence::sees           ? "G1c"
                       : most == dependence::real_time      ? "real time"
                       : overwritten == 1                   ? "G-single"
                                                            : "G2";
    return std::string(name) + ":" + places;
  }

  /// Of the dependences up to `most`: the shortest circle of the first strongly connected component that has any.
  std::vector<std::uint32_t> shortest_circle(dependence most) const {
    const std::vector<std::uint32_t> component = first_component(most);
    std::vector<std::uint32_t> best;
    const std::vector<std::uint32_t> starts(component.begin(),
                                            component.begin() + std::min<std::ptrdiff_t>(std::ssize(component), 100));
    for (std::uint32_t start : starts) {
      std::vector<std::uint32_t> found = circle_through(start, most);
      if (!found.empty() && (best.empty() || found.size() < best.size())) best = std::move(found);
    }
    return best;
  }

  /// Breadth first from `start` back to it.
  std::vector<std::uint32_t> circle_through(std::uint32_t start, dependence most) const {
    std::unordered_map<std::uint32_t, std::uint32_t> from;
    std::deque<std::uint32_t> next{start};
    while (!next.empty()) {
      const std::uint32_t at = next.front();
      next.pop_front();
      for (const edge& e : edges_[at]) {
        if (e.what > most) continue;
        if (e.to == start) {
          std::vector<std::uint32_t> circle{at};
          while (circle.back() != start) circle.push_back(from.at(circle.back()));
          std::reverse(circle.begin(), circle.end());
          return circle;
        }
        if (from.try_emplace(e.to, at).second) next.push_back(e.to);
      }
    }
    return {};
  }

  /// Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1, 1972, with a stack of its own.
  std::vector<std::uint32_t> first_component(dependence most) const {
    constexpr std::uint32_t unseen = ~0u;
    std::vector<std::uint32_t> number(edges_.size(), unseen), low(edges_.size()), open;
    std::vector<bool> is_open(edges_.size());
    struct frame {
      std::uint32_t at;
      std::size_t next;
    };
    std::vector<frame> stack;
    std::uint32_t count = 0;
    const auto enter = [&](std::uint32_t v) {
      number[v] = low[v] = count++;
      open.push_back(v);
      is_open[v] = true;
      stack.push_back({v, 0});
    };
    for (std::uint32_t root = 0; root < edges_.size(); ++root) {
      if (number[root] != unseen) continue;
      enter(root);
      while (!stack.empty()) {
        frame& top = stack.back();
        const std::uint32_t v = top.at;
        if (top.next < edges_[v].size()) {
          const edge& e = edges_[v][top.next++];
          if (e.what > most) continue;
          if (number[e.to] == unseen) {
            enter(e.to);
          } else if (is_open[e.to]) {
            low[v] = std::min(low[v], number[e.to]);
          }
          continue;
        }
        stack.pop_back();
        if (!stack.empty()) low[stack.back().at] = std::min(low[stack.back().at], low[v]);
        if (low[v] != number[v]) continue;
        const auto first = std::find(open.rbegin(), open.rend(), v).base() - 1;
        if (open.end() - first > 1) return {first, open.end()};
        is_open[v] = false;
        open.pop_back();
      }
    }
    return {};
  }

  const std::vector<list_transaction>& history_;
  std::vector<std::vector<edge>> edges_;  ///< by transaction, and behind them by instant
  std::unordered_map<std::int64_t, writer> writers_;
  std::unordered_map<int, versions> orders_;
  std::unordered_map<int, std::vector<std::uint32_t>> unread_;
  std::vector<bool> was_seen_;
  std::string wrong_;
};

}  // namespace

std::string find_anomaly(const std::vector<list_transaction>& history) { return analysis(history).run(); }

}  // namespace weft::testing
