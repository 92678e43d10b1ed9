// SPDX-License-Identifier: BSL-1.0
// What a resource manager does besides reading and writing keys: items of queues, and works of participants.
#include <memory>
#include <utility>

#include <weft/txn/resource_manager.hpp>

namespace weft::txn {

/// Answers with key and value of the oldest item of a queue that nobody has locked, or with nothing.
void resource_manager::take_item(request&& what) {
  const work& of = works_.at(what.id);
  wire answer;
  answer.id = what.id;
  answer.kind = wire_kind::values;
  answer.ticket = what.ticket;
  const std::string& prefix = what.data.keys.at(0);
  for (auto at = data_.items().lower_bound(prefix); at != data_.items().end() && at->first.starts_with(prefix); ++at) {
    if (locks_.is_locked(at->first)) continue;
    locks_.acquire(at->first, {of.owner, of.age, lock_mode::exclusive, ++last_ticket_});
    answer.data.values = {at->first, at->second};
    break;
  }
  around_.send(of.coordinator, std::move(answer));
}

/// Of `prepare` and `secure`: all that the transaction does here is ready, or something is in the way.
void resource_manager::written(request&& what, bool is_good) {
  if (what.what == purpose::prepare) return voted(what.id, is_good ? vote::yes : vote::no);
  if (!is_good) return refuse(std::move(what));
  wire answer;
  answer.id = what.id;
  answer.kind = wire_kind::values;
  answer.ticket = what.ticket;
  around_.send(works_.at(what.id).coordinator, std::move(answer));
}

void resource_manager::prepare_works(request&& what) {
  const transaction_id id = what.id;
  const auto waiting = std::make_shared<request>(std::move(what));
  const lock_table::owner_id owner = works_.at(id).owner;
  beside_->prepare(id, works_.at(id).writes, [this, waiting, owner](std::vector<remote_failure>&& failure, entries&& ready) {
    const auto found = works_.find(waiting->id);
    // Another answer has ended it meanwhile.
    if (found == works_.end() || found->second.owner != owner) return beside_->abort(waiting->id, ready);
    work& of = found->second;
    const bool is_good = failure.empty();
    of.failure = std::move(failure);
    of.has_prepared_works = is_good;
    merge(of.writes, std::move(ready));
    written(std::move(*waiting), is_good && !of.is_wounded);
    around_.handle_pending();
  });
}

}  // namespace weft::txn
