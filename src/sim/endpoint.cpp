// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/endpoint.hpp>

#include <weft/core/error.hpp>
#include <weft/sim/collective_run.hpp>
#include <weft/sim/engine.hpp>

namespace weft::sim {

void operation_list::push_back(std::vector<operation>& all, std::uint32_t number) {
  all[number].next = 0;
  all[number].previous = last;
  (last != 0 ? all[last].next : first) = number;
  last = number;
}

void operation_list::remove(std::vector<operation>& all, std::uint32_t number) {
  operation& o = all[number];
  (o.previous != 0 ? all[o.previous].next : first) = o.next;
  (o.next != 0 ? all[o.next].previous : last) = o.previous;
  o.next = o.previous = 0;
}

void message_list::push_back(message* m) noexcept {
  m->next = nullptr;
  m->previous = last;
  (last != nullptr ? last->next : first) = m;
  last = m;
}

void message_list::remove(message* m) noexcept {
  (m->previous != nullptr ? m->previous->next : first) = m->next;
  (m->next != nullptr ? m->next->previous : last) = m->previous;
  m->next = m->previous = nullptr;
}

void posted_queue::erase(std::size_t at) {
  if (at == first_) {
    ++first_;
    if (first_ == entries_.size()) {
      entries_.clear();
      first_ = 0;
    } else if (first_ >= 64 && 2 * first_ >= entries_.size()) {
      entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    return;
  }
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
}

std::uint32_t posted_queue::take(int source, int tag) {
  for (std::size_t i = first_; i < entries_.size(); ++i) {
    const entry& e = entries_[i];
    if ((e.peer != source && e.peer != any_source) || (e.tag != tag && e.tag != any_tag)) continue;
    const std::uint32_t found = e.operation;
    erase(i);
    return found;
  }
  return 0;
}

void posted_queue::remove(std::uint32_t operation) {
  for (std::size_t i = first_; i < entries_.size(); ++i) {
    if (entries_[i].operation != operation) continue;
    erase(i);
    return;
  }
}

arrival_table::slot& arrival_table::find(const endpoint* to) noexcept {
  const std::uint64_t spread = (reinterpret_cast<std::uintptr_t>(to) >> 4) * 0x9e3779b97f4a7c15u;
  std::size_t i = static_cast<std::size_t>(spread >> 32) & (slots_.size() - 1);
  while (slots_[i].to != nullptr && slots_[i].to != to) i = (i + 1) & (slots_.size() - 1);
  return slots_[i];
}

void arrival_table::grow(std::int64_t now) {
  const std::vector<slot> old = std::move(slots_);
  std::size_t needed = 1;
  for (const slot& s : old) needed += s.to != nullptr && s.time >= now ? 1u : 0u;
  std::size_t size = 32;
  while (size < 2 * needed) size *= 2;
  slots_.assign(size, {});
  used_ = 0;
  for (const slot& s : old) {
    if (s.to == nullptr || s.time < now) continue;
    find(s.to) = s;
    ++used_;
  }
}

std::int64_t& arrival_table::at(const endpoint* to, std::int64_t now) {
  if (2 * used_ >= slots_.size()) grow(now);
  slot& s = find(to);
  if (s.to == nullptr) {
    s.to = to;
    ++used_;
  }
  return s.time;
}

endpoint::endpoint(engine& owner, life& one, int number, std::uint64_t seed)
    : on(owner), of(one), rank(number), node(owner.node_of(number)), operations(1), random(seed) {}

endpoint::~endpoint() = default;

void endpoint::unknown_comm(comm_id id) { throw world_error("unknown or freed communicator", static_cast<int>(id)); }

comm_state* endpoint::find(const group* members) noexcept {
  for (const auto& comm : comms) {
    if (comm && comm->members.get() == members) return comm.get();
  }
  return nullptr;
}

std::uint32_t endpoint::add_comm(std::shared_ptr<group> members, int rank_in_it) {
  auto made = std::make_unique<comm_state>();
  made->members = std::move(members);
  made->rank = rank_in_it;
  comms.push_back(std::move(made));
  return static_cast<std::uint32_t>(comms.size() - 1);
}

operation& endpoint::started(op_number number) {
  const auto index = static_cast<std::size_t>(number);
  if (index == 0 || index >= operations.size() || !operations[index].in_use) {
    throw world_error("an operation number that is not started, or was handed out already", static_cast<int>(number));
  }
  return operations[index];
}

std::uint32_t endpoint::add_operation(void* token, noticed_by who) {
  std::uint32_t number = free_operation;
  if (number != 0) {
    free_operation = operations[number].next;
  } else {
    number = static_cast<std::uint32_t>(operations.size());
    operations.emplace_back();
  }
  operation& o = operations[number];
  // `type` and `count` are set by whoever reads them.
  o.result = {};
  o.result.token = token;
  o.next = o.previous = o.persistent = 0;
  o.who = who;
  o.is_receive = o.is_done = o.is_posted = false;
  o.in_use = true;
  o.part_of = nullptr;
  o.matched = nullptr;
  return number;
}

void endpoint::complete(std::uint32_t number) {
  operation& o = operations[number];
  o.is_done = true;
  if (o.part_of != nullptr) {
    collective_run& run = *o.part_of;
    forget(number);
    run.step_done();
    return;
  }
  if (o.who == noticed_by::poll) done.push_back(operations, number);
  on.wake(*this);
}

void endpoint::forget(std::uint32_t number) {
  operation& o = operations[number];
  if (o.persistent != 0) persistents[o.persistent].is_active = false;
  o.in_use = false;
  o.next = free_operation;
  free_operation = number;
}

void endpoint::drop_everything() noexcept {
  for (operation& o : operations) {
    if (o.matched != nullptr) o.matched->receiver_operation = 0;
    o.in_use = false;
  }
  operations.resize(1);
  operations.shrink_to_fit();
  free_operation = 0;
  done = {};
  persistents.clear();
  collectives.clear();
  for (auto& held : matched) on.free_message(held.second);
  matched.clear();
  for (auto& comm : comms) {
    if (!comm) continue;
    for (matching* queue : {&comm->messages, &comm->collectives}) {
      while (message* m = queue->unexpected.first) {
        queue->unexpected.remove(m);
        on.free_message(m);
      }
    }
  }
  comms.clear();
  for (const delivery& d : inbox) {
    if (d.is != delivery::kind::finish) on.free_message(d.what);
  }
  inbox.clear();
  last_arrival.clear();
  has_transport = false;
}

}  // namespace weft::sim
