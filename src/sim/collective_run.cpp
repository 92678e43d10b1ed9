// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/collective_run.hpp>

#include <algorithm>
#include <cstring>

#include <weft/sim/engine.hpp>
#include <weft/sim/layout.hpp>
#include <weft/sim/match.hpp>

namespace weft::sim {

collective_run::collective_run(endpoint& self, comm_id comm, std::uint32_t operation)
    : self_(self),
      comm_(comm),
      number_(operation),
      rank_(self.comm(comm).rank),
      size_(self.comm(comm).members->size),
      call_(static_cast<int>(self.comm(comm).calls++ & 0x7fffffff)) {}

void collective_run::step_done() {
  --open_;
  if (open_ == 0 && !is_advancing_) advance();
}

void collective_run::advance() {
  is_advancing_ = true;
  while (at_ < steps_.size()) {
    const step& s = steps_[at_];
    if (s.what == kind::round && open_ > 0) break;
    ++at_;
    take(s);
  }
  is_advancing_ = false;
  if (at_ == steps_.size() && open_ == 0) finish();
}

void collective_run::take(const step& s) {
  engine& on = self_.on;
  std::byte* const first = buffer_.data() + s.first;
  switch (s.what) {
    case kind::round:
      break;
    case kind::copy:
      if (s.bytes > 0) std::memcpy(buffer_.data() + s.second, first, s.bytes);
      break;
    case kind::reduce:
      sim::reduce(operation_, first, buffer_.data() + s.second, count_, type_);
      break;
    case kind::send: {
      comm_state& comm = self_.comm(comm_);
      message* const m = on.make_message();
      m->on = comm.members.get();
      m->from = &self_;
      m->to = self_.of.ranks[static_cast<std::size_t>(comm.members->world_rank(s.peer))].get();
      m->source = rank_;
      m->tag = call_;
      m->is_collective = true;
      m->bytes = s.bytes;
      if (s.bytes > sizeof m->short_payload) m->payload.resize(s.bytes);
      if (s.bytes > 0) std::memcpy(m->data(), first, s.bytes);
      on.dispatch(m, std::max(on.now(), on.current() == &self_ ? self_.clock : 0), s.bytes);
      break;
    }
    case kind::receive: {
      const std::uint32_t number = self_.add_operation(nullptr, noticed_by::caller);
      operation& o = self_.operations[number];
      o.is_receive = true;
      o.part_of = this;
      o.match = {comm_, s.peer, call_};
      o.target = first;
      o.count = s.bytes;
      o.type = datatype::bytes(1);
      ++open_;
      matching& queue = self_.comm(comm_).collectives;
      for (message* m = queue.unexpected.first; m != nullptr; m = m->next) {
        if (!matches(o.match, *m)) continue;
        is_wrong_ |= m->bytes != s.bytes;
        queue.unexpected.remove(m);
        on.deliver(m, number, on.now());
        return;
      }
      o.is_posted = true;
      queue.posted.push_back({s.peer, call_, number});
      break;
    }
  }
}

void collective_run::finish() {
  operation& o = self_.operations[number_];
  if (is_wrong_) o.result.status = op_status::failed;
  if (finish_) finish_(*this, o.result);
  const std::uint32_t number = number_;
  endpoint& self = self_;
  auto& runs = self.collectives;
  const auto mine = std::find_if(runs.begin(), runs.end(), [this](const auto& run) { return run.get() == this; });
  const std::unique_ptr<collective_run> last = std::move(*mine);  // ends with this function
  *mine = std::move(runs.back());
  runs.pop_back();
  self.complete(number);
}

}  // namespace weft::sim
