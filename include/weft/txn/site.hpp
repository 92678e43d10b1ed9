// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/txn/records.hpp>
#include <weft/txn/wire.hpp>

namespace weft::txn {

/// What the two managers of a rank need of what is around them. Timers are not among it: ports lose nothing and keep
/// the order, and a rank that dies takes the job along, so there is nothing that a repetition could mend.
class site {
 public:
  /// To another rank or to this one; handled after what is going on now.
  virtual void send(int rank, wire&& message) = 0;
  /// Leaves a record, with `redo` if there is any. `on_durable` of the manager that it is of follows, also after what
  /// is going on now; not for `ended`.
  virtual void append(const record& head, const entries* redo, bool is_urgent, bool of_coordinator) = 0;
  /// Something was done from outside: handle what follows from it.
  virtual void handle_pending() = 0;

 protected:
  ~site() = default;
};

}  // namespace weft::txn
