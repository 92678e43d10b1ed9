// SPDX-License-Identifier: BSL-1.0
#include "transaction_text.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

#include <weft/core/error.hpp>

namespace weft::txn_app {
namespace {

template <class Number>
const char* take_number(const char* from, const char* end, Number& into) {
  const auto [behind, code] = std::from_chars(from, end, into);
  return code == std::errc{} ? behind : nullptr;
}

std::string time_text(std::int64_t seconds) {
  const std::time_t when = seconds;
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

}  // namespace

std::string text_of(const transaction_id& id) { return fmt::format("{}.{}.{}", id.epoch, id.coordinator, id.sequence); }

transaction_id id_of(const std::string& text) {
  transaction_id id;
  const char* const end = text.data() + text.size();
  const char* at = take_number(text.data(), end, id.epoch);
  if (at != nullptr && at != end && *at == '.') at = take_number(at + 1, end, id.coordinator);
  if (at != nullptr && at != end && *at == '.') at = take_number(at + 1, end, id.sequence);
  if (at != end || id.epoch == 0 || std::count(text.begin(), text.end(), '.') != 2)
    throw usage_error("'" + text + "' is no transaction: EPOCH.COORDINATOR.SEQUENCE, as 'weft-txn list' prints it");
  return id;
}

std::string record_text(const seen_record& record) {
  const txn::record& head = record.head;
  std::string text = txn::name_of(head.kind);
  if (head.is_alone) text += " without a promise before";
  if (head.is_applied) text += ", its writes stand in the snapshot";
  if (!head.voters.empty()) text += fmt::format(", voters {}", fmt::join(head.voters, " "));
  if (head.is_listed) text += ", whose promises are the decision";
  if (record.redo_bytes > 0) text += fmt::format(", {} bytes to be written", record.redo_bytes);
  return text;
}

std::string outcome_text(const store_files& store, const transaction_id& id) {
  txn::outcome_table outcomes;
  for (const txn::testimony& each : store.testimonies()) txn::add(outcomes, each.first_epoch, each.committed);
  const auto found = outcomes.find(id);
  if (!found) return "too long ago to be known";
  if (*found == transaction_outcome::committed) return "committed";
  return id.epoch > store.run.live ? "of no run yet" : "aborted, or never begun";
}

std::vector<std::string> heuristics_text(const store_files& store, const transaction_id& id) {
  std::vector<std::string> all;
  for (const seen_journal& journal : store.journals) {
    for (const txn::heuristic_decision& each : journal.past.heuristics()) {
      if (each.id != id) continue;
      const char* what = each.outcome == transaction_outcome::committed ? "commit" : "abort";
      all.push_back(fmt::format("an operator had it {} on {}", what, time_text(each.when)));
    }
  }
  return all;
}

}  // namespace weft::txn_app
