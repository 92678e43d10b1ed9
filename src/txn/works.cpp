// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/works.hpp>

#include <exception>
#include <utility>

#include <weft/async/async.hpp>
#include <weft/core/error.hpp>
#include <weft/txn/partition.hpp>

namespace weft::txn {

void participants::add(weft::participant& one) {
  const std::string name(one.name());
  if (name.empty() || name.find('\0') != std::string::npos)
    throw usage_error("a participant needs a name without zero bytes");
  if (!by_name_.emplace(name, &one).second) throw usage_error("the store has a participant '" + name + "' already");
}

weft::participant& participants::of(std::string_view key) {
  const std::string_view name = participant_of(key);
  const auto found = by_name_.find(name);
  if (found == by_name_.end())
    throw usage_error("there is work for the participant '" + std::string(name) +
                      "', which was not handed to store::enlist on this rank");
  return *found->second;
}

bool participants::has_work(const entries& writes) const {
  for (const std::string& key : writes.keys) {
    if (kind_of(key, key_bytes_) == key_kind::work) return true;
  }
  return false;
}

entries participants::works_of(const entries& writes) const {
  entries works;
  for (std::size_t i = 0; i < writes.keys.size(); ++i) {
    if (kind_of(writes.keys[i], key_bytes_) != key_kind::work) continue;
    works.keys.push_back(writes.keys[i]);
    works.values.push_back(writes.values[i]);
  }
  return works;
}

void participants::prepare(const transaction_id& id, const entries& writes, prepared done) {
  static_cast<void>(ctx_.spawn(prepare_all(id, works_of(writes), std::move(done))));
}

task<> participants::prepare_all(transaction_id id, entries works, prepared done) {
  entries ready;
  std::vector<remote_failure> failure;
  for (std::size_t i = 0; i < works.keys.size() && failure.empty(); ++i) {
    try {
      weft::participant& asked = of(works.keys[i]);
      task<participant_vote> asking = asked.prepare(id, std::string(work_key_of(works.keys[i])), *works.values[i]);
      participant_vote vote = co_await asking;
      if (!vote.is_yes) {
        failure.push_back({"weft::participant", "the participant '" + std::string(asked.name()) + "' has voted no"});
        continue;
      }
      ready.keys.push_back(works.keys[i]);
      ready.values.emplace_back(std::move(vote.redo));
    } catch (...) {
      failure.push_back(failure_of(std::current_exception()));
    }
  }
  if (!failure.empty()) abort(id, std::exchange(ready, {}));
  done(std::move(failure), std::move(ready));
}

void participants::commit(const transaction_id& id, const entries& writes) {
  if (by_name_.empty() || !has_work(writes)) return;
  if (fence_) fence_();
  for (std::size_t i = 0; i < writes.keys.size(); ++i) {
    const std::string& key = writes.keys[i];
    if (kind_of(key, key_bytes_) != key_kind::work) continue;
    of(key).commit(id, work_key_of(key), *writes.values[i]);
    if (fence_) committed_.push_back({id, key, *writes.values[i]});
  }
}

void participants::abort(const transaction_id& id, const entries& works) {
  for (std::size_t i = 0; i < works.keys.size(); ++i) {
    const std::string& key = works.keys[i];
    if (kind_of(key, key_bytes_) == key_kind::work) of(key).abort(id, work_key_of(key), *works.values[i]);
  }
}

void participants::recover(std::span<const found_work> all) {
  for (const found_work& each : all) of(each.what.key).recover(each.what.id, work_key_of(each.what.key), each.what.redo);
  for (const found_work& each : all) {
    weft::participant& one = of(each.what.key);
    const std::string_view key = work_key_of(each.what.key);
    each.commits ? one.commit(each.what.id, key, each.what.redo) : one.abort(each.what.id, key, each.what.redo);
  }
}

task<> participants::checkpoint() {
  const std::size_t covered = committed_.size();
  for (const auto& [name, one] : by_name_) {
    task<> running = one->checkpoint();
    co_await running;
  }
  committed_.erase(committed_.begin(), committed_.begin() + static_cast<std::ptrdiff_t>(covered));
}

}  // namespace weft::txn
