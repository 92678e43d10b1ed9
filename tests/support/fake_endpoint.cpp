// SPDX-License-Identifier: BSL-1.0
#include "fake_endpoint.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

#include <weft/core/error.hpp>

namespace weft::testing::detail {

void* counting_resource::do_allocate(std::size_t bytes, std::size_t alignment) {
  void* p = alignment <= alignof(std::max_align_t) ? std::malloc(bytes) : nullptr;
  if (p == nullptr) throw std::bad_alloc();
  held_ += bytes;
  return p;
}

void counting_resource::do_deallocate(void* p, std::size_t bytes, std::size_t) {
  held_ -= bytes;
  std::free(p);
}

endpoint::endpoint(cluster_state& owner, int world_rank)
    : cluster(owner),
      rank(world_rank),
      comms(&owner.memory),
      operations(&owner.memory),
      persistents(&owner.memory),
      matched(&owner.memory),
      done(&owner.memory),
      in_flight(&owner.memory) {
  add_comm(owner.world, world_rank);
}

comm_state& endpoint::comm(comm_id id) {
  auto found = comms.find(static_cast<std::uint32_t>(id));
  if (found == comms.end()) throw world_error("unknown or freed communicator", static_cast<int>(id));
  return found->second;
}

comm_state* endpoint::find(const group* members) {
  for (auto& entry : comms) {
    if (entry.second.members.get() == members) return &entry.second;
  }
  return nullptr;
}

std::uint32_t endpoint::add_comm(std::shared_ptr<group> members, int rank_in_it) {
  const std::uint32_t id = next_comm++;
  comms.emplace(id, comm_state{std::move(members), rank_in_it, 0, std::pmr::list<std::uint32_t>(&cluster.memory),
                               std::pmr::list<message>(&cluster.memory)});
  return id;
}

operation& endpoint::started(op_number number) {
  auto found = operations.find(static_cast<std::uint32_t>(number));
  if (found == operations.end()) {
    throw world_error("an operation number that is not started, or was handed out already", static_cast<int>(number));
  }
  return found->second;
}

std::uint32_t endpoint::add_operation(void* token, noticed_by who, std::uint32_t persistent) {
  const std::uint32_t number = ++next_operation;  // never reused: a stale number is noticed
  operation& o = operations[number];
  o.token = o.result.token = token;
  o.who = who;
  o.persistent = persistent;
  return number;
}

void endpoint::complete(std::uint32_t number) {
  operation& o = operations.at(number);
  o.is_done = true;
  if (o.who == noticed_by::poll) done.push_back(number);
  ++cluster.activity;
}

bool endpoint::take(std::uint32_t number, completion& now) {
  operation& o = started(op_number{number});
  if (!o.is_done) return false;
  now = o.result;
  if (o.who == noticed_by::poll) done.remove(number);
  forget(number);
  ++cluster.activity;
  return true;
}

void endpoint::forget(std::uint32_t number) {
  auto found = operations.find(number);
  if (found->second.persistent != 0) persistents.at(found->second.persistent).is_active = false;
  operations.erase(found);
}

bool endpoint::is_idle() const {
  return idle_at == cluster.activity && done.empty() && (is_stopped || in_flight.empty());
}

cluster_state::cluster_state(int ranks, fake_options settings)
    : options(std::move(settings)), world(std::make_shared<group>()), endpoints(static_cast<std::size_t>(ranks)) {
  limits.eager_bytes = options.eager_bytes;
  limits.max_tag = options.max_tag;
  world->size = ranks;
}

endpoint& cluster_state::at(int rank) {
  auto& slot = endpoints.at(static_cast<std::size_t>(rank));
  if (!slot) slot = std::make_unique<endpoint>(*this, rank);
  return *slot;
}

bool cluster_state::all_idle() const {
  return std::all_of(endpoints.begin(), endpoints.end(), [](const std::unique_ptr<endpoint>& e) {
    return !e || !e->is_live || e->is_stopped || e->is_idle();
  });
}

time_point cluster_state::next_deadline() const {
  time_point first = never;
  for (const auto& e : endpoints) {
    if (e && e->is_live && !e->is_stopped) first = std::min(first, e->idle_deadline);
  }
  return first;
}

}  // namespace weft::testing::detail
