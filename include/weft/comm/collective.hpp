// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include <weft/async/future.hpp>
#include <weft/comm/comm_state.hpp>
#include <weft/comm/errors.hpp>

namespace weft::detail {

/// A started collective, as its communicator orders it. Some collectives take two calls of the transport (the sizes,
/// then the values); all ranks must make the calls of a communicator in the same order, so the next collective starts
/// when the last call of the one before it has been made.
struct collective_part {
  collective_part(comm_state& on, operation& self) noexcept : comm(&on), op(&self) {}
  comm_ref comm;
  operation* op;
  collective_part* next = nullptr;  ///< in the communicator's queue
  int phase = 0;                    ///< calls made
  int phases = 1;
  op_number (*start)(collective_part& self, int phase, completion& now) = nullptr;  ///< makes call `phase`; may throw
  /// After the last call: sets the value; may throw.
  void (*finish)(collective_part& self, const completion& result) = nullptr;
};

/// Makes the first call, now or when its turn comes. Throws `world_error` if the world refuses it now; then the
/// operation is done.
void enter_collective(collective_part& part);
/// The transport finished a call: makes the next one, or ends the operation.
void continue_collective(collective_part& part, const completion& result) noexcept;
/// Throws `usage_error` unless `root` is a rank of the communicator.
void check_root(const comm_state& comm, int root, const char* call, source_location where);

/// A collective whose work is in `Body`: it has `name`, `phases`, `policy`, `start(phase, transport&, comm_id, token,
/// now)` and `finish()` or `finish(completion)`, which returns the value.
template <class R, class Body>
struct collective_operation final : value_operation<R> {
  template <class... Args>
  collective_operation(comm_state& comm, source_location where, Args&&... args)
      : value_operation<R>(comm.on, kind, where), part(comm, *this), body(std::forward<Args>(args)...) {
    part.phases = Body::phases;
    part.start = [](collective_part& p, int phase, completion& now) {
      auto& self = static_cast<collective_operation&>(*p.op);
      return self.body.start(phase, p.comm->on.transport(), p.comm->id, p.op, now);
    };
    part.finish = [](collective_part& p, [[maybe_unused]] const completion& result) {
      auto& self = static_cast<collective_operation&>(*p.op);
      if constexpr (std::is_void_v<R>) {
        self.body.finish();
      } else {
        if constexpr (requires { self.body.finish(result); }) {
          self.emplace(self.body.finish(result));
        } else {
          self.emplace(self.body.finish());
        }
      }
    };
  }
  static void complete(operation& self, const completion& result) noexcept {
    continue_collective(static_cast<collective_operation&>(self).part, result);
  }
  static withdrawal refuse(operation&) noexcept { return withdrawal::impossible; }
  static constexpr operation::type kind{Body::name, complete, refuse, destroy_operation<collective_operation>,
                                        Body::policy};
  collective_part part;
  Body body;
};

template <class R, class Body, class... Args>
future<R> start_collective(comm_state& comm, source_location where, Args&&... args) {
  using operation_type = collective_operation<R, Body>;
  auto* op = make_operation<operation_type>(comm, where, std::forward<Args>(args)...);
  future<R> result(op);
  enter_collective(op->part);
  return result;
}

}  // namespace weft::detail
