// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/persistent.hpp>

#include <weft/comm/errors.hpp>
#include <weft/comm/receive.hpp>
#include <weft/core/error.hpp>

namespace weft {
namespace detail {

/// The prepared operation; the handle and the operation that is started hold a reference each.
struct persistent_state {
  explicit persistent_state(const persistent_arguments& a)
      : comm(&a.comm),
        peer(a.peer),
        tag(a.tag),
        memory(a.memory),
        layout(*a.memory.type),
        element(a.element_bytes),
        is_receive(a.is_receive) {
    memory.type = &layout;
    transport& t = comm->on.transport();
    const envelope where{comm->id, peer, tag};
    id = is_receive ? t.recv_init(where, memory.data, memory.count, layout)
                    : t.send_init(where, memory.data, memory.count, layout, send_mode::standard);
  }
  ~persistent_state() { comm->on.transport().free_persistent(id); }
  persistent_state(const persistent_state&) = delete;
  persistent_state& operator=(const persistent_state&) = delete;
  void release() noexcept {
    if (--references == 0) delete this;
  }
  std::size_t elements() const noexcept {
    return static_cast<std::size_t>(memory.count * layout.packed_size() / element);
  }

  comm_ref comm;
  int peer;
  int tag;
  region memory;
  datatype layout;
  std::uint64_t element;
  persistent_id id{};
  bool is_receive;
  bool is_started = false;
  std::uint32_t references = 1;
};

namespace {

/// One start of a prepared operation.
struct started_base : value_operation<std::size_t> {
  started_base(persistent_state& of, const operation::type& kind, source_location where)
      : value_operation<std::size_t>(of.comm->on, kind, where), state(&of) {
    ++state->references;
    state->is_started = true;
  }
  ~started_base() { leave(); }
  void leave() noexcept {
    if (state == nullptr) return;
    state->is_started = false;
    std::exchange(state, nullptr)->release();
  }
  persistent_state* state;
};

struct started_send final : started_base {
  started_send(persistent_state& of, source_location where) : started_base(of, kind, where) {}
  static void complete(operation& self, const completion& result) noexcept {
    auto& op = static_cast<started_send&>(self);
    op.emplace(op.state->elements());
    op.leave();
    if (result.status == op_status::ok) return op.succeed();
    op.fail(world_failure("persistent send", result.code, op.where()));
  }
  static withdrawal refuse(operation&) noexcept { return withdrawal::impossible; }
  static constexpr operation::type kind{"persistent send", complete, refuse, destroy_operation<started_send>,
                                        drop_policy::hold};
};

struct started_receive final : started_base {
  started_receive(persistent_state& of, source_location where)
      : started_base(of, kind, where), part({*of.comm, of.peer, of.tag, where}, *this) {
    part.into(of.memory);
    part.element = of.element;
  }
  static void complete(operation& self, const completion& result) noexcept {
    auto& op = static_cast<started_receive&>(self);
    op.leave();
    if (!take_message(op.part, result)) return;
    op.emplace(static_cast<std::size_t>(op.bytes / op.part.element));
    op.succeed();
  }
  static withdrawal withdraw(operation& self) noexcept {
    auto& op = static_cast<started_receive&>(self);
    const withdrawal result = op.part.comm->matching.withdraw(op.part);
    op.leave();
    return result;
  }
  static constexpr operation::type kind{"persistent receive", complete, withdraw, destroy_operation<started_receive>,
                                        drop_policy::withdraw};
  receive_part part;
};

template <class Op, class Start>
future<std::size_t> start_prepared(persistent_state& state, source_location where, Start&& start) {
  Op* op = make_operation<Op>(state, where);
  future<std::size_t> result(op);
  op->peer_ = state.peer;
  op->tag_ = state.tag;
  try {
    start(*op);
  } catch (...) {
    op->cancelled();
    rethrow_with_place(Op::kind.name, where);
  }
  return result;
}

void start_in_transport(persistent_state& state, operation& op) {
  completion now;
  op.number = state.comm->on.transport().start(state.id, noticed_by::poll, &op, now);
  if (op.number == op_number::completed) op.kind().complete(op, now);
}

}  // namespace
}  // namespace detail

persistent::persistent(const detail::persistent_arguments& a) {
  const bool peer_is_wild = a.is_receive && a.peer == any_source;
  const bool tag_is_wild = a.is_receive && a.tag == any_tag;
  if ((!peer_is_wild && (a.peer < 0 || a.peer >= a.comm.size)) || (!tag_is_wild && a.tag < 0))
    detail::throw_bad_target(a.is_receive ? "recv_init" : "send_init", a.comm, a.peer, a.tag, a.where);
  state_ = new detail::persistent_state(a);
}

persistent::~persistent() {
  if (state_ != nullptr) state_->release();
}

future<std::size_t> persistent::start(source_location where) {
  detail::persistent_state& state = *state_;
  if (state.is_started) throw usage_error("persistent::start: the operation is started and not yet done", where);
  if (!state.is_receive) {
    return detail::start_prepared<detail::started_send>(
        state, where, [&state](detail::started_send& op) { detail::start_in_transport(state, op); });
  }
  return detail::start_prepared<detail::started_receive>(state, where, [&state](detail::started_receive& op) {
    if (!state.comm->matching.post_unless_direct(op.part)) return;
    try {
      detail::start_in_transport(state, op);
    } catch (...) {
      state.comm->matching.leave(op.part);
      throw;
    }
  });
}

void start_all(std::span<persistent> operations, std::vector<future<std::size_t>>& started, source_location where) {
  started.clear();
  for (persistent& one : operations) started.push_back(one.start(where));
}

void wait_all(std::span<future<std::size_t>> started, source_location where) {
  for (future<std::size_t>& one : started) one.wait(where);
  for (future<std::size_t>& one : started) one.get(where);
}

}  // namespace weft
