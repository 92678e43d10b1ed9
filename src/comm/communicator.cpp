// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/communicator.hpp>

#include <weft/comm/errors.hpp>

namespace weft {
namespace {

/// Makes a communicator: `dup` or `split`.
struct making_operation final : value_operation<communicator> {
  making_operation(detail::comm_state& parent, source_location where)
      : value_operation<communicator>(parent.on, kind, where), parent_(&parent) {}

  static void complete(operation& self, const completion& result) noexcept {
    auto& op = static_cast<making_operation&>(self);
    if (result.status != op_status::ok) return op.fail(detail::world_failure("split", result.code, op.where()));
    try {
      if (result.bytes == transport::no_comm) {
        op.emplace();
      } else {
        op.emplace(communicator::owning(op.on(), static_cast<comm_id>(result.bytes)));
      }
    } catch (...) {
      return op.fail(std::current_exception());
    }
    op.succeed();
  }
  static withdrawal refuse(operation&) noexcept { return withdrawal::impossible; }
  static constexpr operation::type kind{"split", complete, refuse, detail::destroy_operation<making_operation>,
                                        drop_policy::park};

 private:
  detail::comm_ref parent_;
};

template <class Start>
future<communicator> make_communicator(detail::comm_state& parent, source_location where, Start&& start) {
  auto* op = detail::make_operation<making_operation>(parent, where);
  future<communicator> result(op);
  completion now;
  try {
    op->number = start(static_cast<operation*>(op), now);
  } catch (...) {
    op->cancelled();
    detail::rethrow_with_place("split", where);
  }
  if (op->number == op_number::completed) making_operation::complete(*op, now);
  return result;
}

}  // namespace

std::optional<message_status> communicator::iprobe(int source, int tag, source_location where) {
  if (source < any_source || source >= size() || tag < any_tag)
    detail::throw_bad_target("iprobe", *state_, source, tag, where);
  matched_message found;
  if (!state_->matching.iprobe(source, tag, found)) return std::nullopt;
  return message_status{found.source, found.tag, found.bytes};
}

message_status communicator::probe(int source, int tag, source_location where) {
  refuse_in_loop("communicator::probe()", where);
  for (;;) {
    if (auto found = iprobe(source, tag, where)) return *found;
    on().turn();
  }
}

future<communicator> communicator::idup(source_location where) {
  return make_communicator(*state_, where,
                           [this](void* token, completion& now) { return on().transport().dup(id(), token, now); });
}

communicator communicator::dup(source_location where) {
  refuse_in_loop("communicator::dup()", where);
  return finish(idup(where), where);
}

future<communicator> communicator::isplit(int colour, int key, source_location where) {
  return make_communicator(*state_, where, [this, colour, key](void* token, completion& now) {
    return on().transport().split(id(), colour, key, token, now);
  });
}

communicator communicator::split(int colour, int key, source_location where) {
  refuse_in_loop("communicator::split()", where);
  return finish(isplit(colour, key, where), where);
}

}  // namespace weft
