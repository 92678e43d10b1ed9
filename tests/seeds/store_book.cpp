// SPDX-License-Identifier: BSL-1.0
#include "store_book.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace weft::seeds {

using testing::list_transaction;
using ending = list_transaction::ending;
using layout = store_layout;

namespace {

constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max();

std::vector<std::int64_t> numbers_of(const transaction_id& id) {
  return {id.epoch, id.coordinator, static_cast<std::int64_t>(id.sequence)};
}
std::string text_of(const transaction_id& id) { return fmt::format("{}.{}.{}", id.epoch, id.coordinator, id.sequence); }

}  // namespace

noted_transaction& store_book::begin(int life, bool is_read_only) {
  noted_transaction& made = all_.emplace_back();
  made.seen.start = ++ticks_;
  made.seen.end = no_end;
  made.seen.how = ending::unknown;
  made.life = life;
  if (!is_read_only) made.ticket = layout::first_ticket + static_cast<int>(all_.size());
  return made;
}

void store_book::committed(noted_transaction& of, const transaction_id& as) {
  of.is_open = false;
  of.seen.how = ending::committed;
  of.seen.end = ++ticks_;
  if (of.ids.empty() || of.ids.back() != as) wrong("a transaction committed as " + text_of(as) + ", which it never was");
  // Who outlives a job and only reads gets what was committed until then.
  const auto next = life_began_.find(of.life + 1);
  if (of.ticket == 0 && next != life_began_.end()) of.seen.start = std::min(of.seen.start, next->second);
}

void store_book::aborted(noted_transaction& of) {
  of.is_open = false;
  of.seen.how = ending::aborted;
}

void store_book::name_acknowledged(int name, const transaction_id& id) {
  const auto [at, is_new] = named_.emplace(name, id);
  if (!is_new && at->second != id)
    wrong(fmt::format("name {} was run as {} and as {}", name, text_of(at->second), text_of(id)));
}

void store_book::expect_sum(std::int64_t sum) {
  if (sum != layout::accounts * layout::initial) wrong(fmt::format("the sum is {}", sum));
}

void store_book::judge(int life, const contents& all, const outcomes& outcome_of) {
  last_ = all;
  std::int64_t sum = 0;
  for (int a = 0; a < layout::accounts; ++a) {
    const auto found = all.find(a);
    if (found == all.end()) return wrong(fmt::format("account {} is lost", a));
    sum += found->second.front();
  }
  expect_sum(sum);
  judge_ring(all);
  judge_names(all);
  for (const noted_transaction& each : all_) {
    if (each.life < life) judge_ticket(each, all, outcome_of);
  }
}

/// An acknowledged transaction is there, one that was given up is not, and of the others the store itself says which are.
void store_book::judge_ticket(const noted_transaction& of, const contents& all, const outcomes& outcome_of) {
  const auto found = all.find(of.ticket);
  const bool is_there = of.ticket != 0 && found != all.end();
  const std::string name = of.ids.empty() ? "one without attempts" : text_of(of.ids.back());
  if (of.ticket != 0 && of.seen.how == ending::committed && !is_there) wrong(name + " was acknowledged and is lost");
  if (is_there && of.seen.how == ending::aborted) wrong(name + " was given up and is there");
  for (const transaction_id& id : of.ids) {
    if (of.ticket == 0) continue;
    const bool is_its = is_there && found->second == numbers_of(id);
    const auto outcome = outcome_of(id);
    if (!outcome) {
      wrong("nothing is known of " + text_of(id));
    } else if ((*outcome == transaction_outcome::committed) != is_its) {
      wrong(text_of(id) + (is_its ? " is there and has not committed" : " has committed and is not there"));
    }
  }
}

void store_book::judge_ring(const contents& all) {
  int at = 0;
  for (int steps = 1;; ++steps) {
    const auto found = all.find(layout::first_link + at);
    if (found == all.end() || steps > layout::links) return wrong("the ring is broken");
    at = static_cast<int>(found->second.front());
    if (at != 0) continue;
    if (steps != layout::links) wrong(fmt::format("the ring has {} links", steps));
    return;
  }
}

void store_book::judge_names(const contents& all) {
  std::set<int> ran;
  const auto list = all.find(layout::named_list);
  if (list != all.end()) {
    for (const std::int64_t value : list->second) {
      if (!ran.insert(name_of_.at(value)).second) wrong(fmt::format("name {} was run twice", name_of_.at(value)));
    }
  }
  for (const auto& [name, id] : named_) {
    if (ran.count(name) == 0) wrong(fmt::format("name {} was acknowledged and is lost", name));
  }
}

/// Whose answer was lost has committed if its ticket is there, some time after it began.
void store_book::judge_history() {
  std::vector<list_transaction> history;
  for (const noted_transaction& each : all_) {
    list_transaction& one = history.emplace_back(each.seen);
    if (one.how != ending::unknown) continue;
    const auto found = last_.find(each.ticket);
    const bool is_there = each.ticket != 0 && found != last_.end() && !each.ids.empty() &&
                          found->second == numbers_of(each.ids.back());
    one.how = is_there ? ending::committed : ending::aborted;
  }
  list_transaction& whole = history.emplace_back();
  whole.start = ++ticks_;
  whole.end = ++ticks_;
  for (const auto& [key, values] : last_) {
    const bool is_list = (key >= layout::first_list && key < layout::first_list + layout::lists) || key == layout::named_list;
    if (is_list) whole.operations.push_back({key, false, 0, values});
  }
  if (const std::string found = testing::find_anomaly(history); !found.empty()) wrong("not serialisable: " + found);
}

}  // namespace weft::seeds
