// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/sim/endpoint.hpp>

namespace weft::sim {

/// MPI's rule: source and tag, each of which the receive may leave open. The communicator is the queue's.
bool matches(const envelope& wanted, const message& found);

}  // namespace weft::sim
