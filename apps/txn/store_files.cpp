// SPDX-License-Identifier: BSL-1.0
#include "store_files.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <weft/core/error.hpp>
#include <weft/journal/errors.hpp>
#include <weft/txn/decide.hpp>

namespace weft::txn_app {
namespace {

using namespace std::chrono_literals;

time_point now() { return time_point(std::chrono::steady_clock::now().time_since_epoch()); }

void wait(storage& files) {
  if (!deliver_completions(files)) std::this_thread::sleep_for(100us);
}
void wait_for(storage& files, journal_folder& folder) {
  while (!folder.ready()) wait(files);
}

/// Whether somebody holds the lock that all ranks of a job hold.
class lock_probe final : storage_listener {
 public:
  lock_probe(storage& files, const std::string& path) : files_(files) {
    if (!files.open(file_space::shared, path, open_mode::read_write, file_)) return;
    files.lock(file_, lock_kind::exclusive, time_point{}, static_cast<storage_listener*>(this));
    while (!is_done_) wait(files);
  }
  ~lock_probe() {
    if (file_ != file_id::none) files_.close(file_);
  }
  lock_probe(const lock_probe&) = delete;
  lock_probe& operator=(const lock_probe&) = delete;
  bool is_held() const noexcept { return is_done_ && result_.status == storage_status::timed_out; }

 private:
  void on_completed(const storage_result& result) noexcept override {
    result_ = result;
    is_done_ = true;
  }
  storage& files_;
  file_id file_ = file_id::none;
  storage_result result_;
  bool is_done_ = false;
};

void require_store(storage& files, const std::string& directory) {
  file_id file = file_id::none;
  if (!files.open(file_space::shared, directory + "/epoch", open_mode::read_only, file))
    throw usage_error("there is no store in '" + directory + "' (no file 'epoch')");
  files.close(file);
}

void read_journals(journal_folder& folder, damage_policy policy, store_files& into) {
  into.run = folder.run();
  journal_reader reader(folder, policy);
  std::vector<journal_summary> summaries;
  for (std::uint32_t writer = 0; writer < folder.run().writers; ++writer) {
    seen_journal& one = into.journals.emplace_back();
    const auto visit = [&](const journal_record& record) {
      one.past.visit(writer, record.type, record.payload);
      if (record.type != txn::protocol_record_type) return;
      ++one.protocol_records;
      const txn::decoded_record what = txn::decode_record(record.payload);
      into.records.push_back({writer, record.end, what.head, what.redo.size()});
    };
    one.summary = reader.read(writer, visit);
    summaries.push_back(one.summary);
  }
  std::vector<journal_witness> witnesses;
  for (const journal_summary& each : summaries)
    witnesses.insert(witnesses.end(), each.witnesses.begin(), each.witnesses.end());
  if (policy == damage_policy::refuse) reader.check_witnesses(summaries, witnesses);
}

}  // namespace

std::vector<txn::testimony> store_files::testimonies() const {
  std::vector<txn::testimony> all;
  for (const seen_journal& each : journals) all.push_back(each.past.tell());
  return all;
}

store_files read_store(storage& files, const std::string& directory, damage_policy policy) {
  require_store(files, directory);
  store_files found;
  found.is_in_use = lock_probe(files, directory + "/lock").is_held();
  journal_folder folder(files, file_space::shared, directory);
  const journal_format::epoch_state state = folder.read_epoch();
  folder.join({state.epoch, state.live, state.writers, 0, state.identity}, time_point{});
  wait_for(files, folder);
  read_journals(folder, policy, found);
  return found;
}

std::vector<doubt> doubts_of(const store_files& store) {
  txn::outcome_table outcomes;
  const std::vector<txn::testimony> all = store.testimonies();
  const std::vector<transaction_id> committed = txn::judge(all, outcomes);
  txn::outcome_table recorded;
  std::map<transaction_id, bool> aborted;
  for (const txn::testimony& each : all) {
    txn::add(recorded, each.first_epoch, each.committed);
    for (const transaction_id& id : each.aborted) aborted[id] = true;
  }
  std::map<transaction_id, bool> decided;
  for (const seen_journal& journal : store.journals) {
    for (const txn::heuristic_decision& each : journal.past.heuristics()) decided[each.id] = true;
  }
  std::map<transaction_id, doubt> doubts;
  for (const seen_journal& journal : store.journals) {
    for (const auto& [at, promise] : journal.past.promises()) {
      doubt& one = doubts[at.second];
      one.id = at.second;
      if (promise.head.is_listed) one.listed = static_cast<std::uint32_t>(promise.head.voters.size());
      one.promised.push_back(at.first);
    }
  }
  std::vector<doubt> result;
  for (auto& [id, one] : doubts) {
    one.commits = std::binary_search(committed.begin(), committed.end(), id);
    if (decided.count(id) != 0) {
      one.reason = "an operator has decided so";
    } else if (recorded.has_committed(id)) {
      one.reason = "another journal says that it has committed";
    } else if (aborted.count(id) != 0) {
      one.reason = "its abort is recorded";
    } else if (one.listed == 0) {
      one.reason = "no journal has the coordinator's decision";
    } else {
      one.reason = fmt::format("{} of {} promises are there", one.promised.size(), one.listed);
    }
    result.push_back(std::move(one));
  }
  return result;
}

std::map<std::string, std::string> contents_of(store_files& store) {
  txn::outcome_table outcomes;
  const std::vector<transaction_id> committed = txn::judge(store.testimonies(), outcomes);
  std::map<std::string, std::string> all;
  for (seen_journal& each : store.journals) {
    each.past.resolve(committed);
    for (const auto& [key, value] : each.past.data()) all.insert_or_assign(key, value);
  }
  return all;
}

void rewrite_store(storage& files, const std::string& directory, damage_policy policy,
                   const std::function<std::uint32_t(store_files& found)>& before,
                   const std::function<void(std::uint32_t writer, journal& to)>& write) {
  if (lock_probe(files, directory + "/lock").is_held())
    throw environment_error("a job that runs now has '" + directory + "' open");
  journal_folder folder(files, file_space::shared, directory);
  std::random_device entropy;
  folder.claim(now() + 1s, (std::uint64_t{entropy()} << 32) | entropy());
  wait_for(files, folder);
  store_files found;
  read_journals(folder, policy, found);
  const std::uint32_t writers = before(found);
  for (std::uint32_t writer = 0; writer < writers; ++writer) {
    journal log(folder, writer);
    const journal_position end = log.compact([&](journal& to) { write(writer, to); });
    while (log.poll(), log.forced() < end) wait(files);
  }
  folder.adopt(writers, now() + 1s);
  wait_for(files, folder);
}

}  // namespace weft::txn_app
