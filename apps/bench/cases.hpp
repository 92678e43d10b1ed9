// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/port/context.hpp>

#include "harness.hpp"

namespace weft::bench {

/// Typed point-to-point messages between ranks 0 and 1, beside raw MPI and Boost.MPI. Collective over 2 ranks.
void p2p(runner& with, context& ctx);
/// Completing one of many outstanding receives (part of `p2p`).
void any(runner& with, context& ctx);
/// Messages of ports, beside raw MPI and a loop that packs by hand. Collective over 2 ranks.
void ports(runner& with, context& ctx);
/// Remote calls, beside a raw ping-pong and messages of ports. Collective over 2 ranks.
void rpcs(runner& with, context& ctx);
/// Items through channels from rank 0 to rank 1, beside blocking sends and receives. Collective over 2 ranks.
void channels(runner& with, context& ctx);
/// Turns of a mutex, beside a home rank written by hand over raw MPI, and how long each rank waits for its own.
/// Collective over 2 ranks or more.
void locks(runner& with, context& ctx);
/// What one rank pays for its loop: timers, tasks, posts from other threads.
void loops(runner& with, context& ctx);
/// Records of 64 bytes appended to a journal in the working directory, beside raw writes and forces. One rank.
void journals(runner& with, context& ctx);

/// Items through a work queue, from rank 0 to all others, beside a raw master and workers; and how soon its end is
/// known.
void queues(runner& with, context& ctx);
/// Items through a durable queue, beside raw writes and forces (part of `queues`).
void durables(runner& with, context& ctx);

/// Transfers between accounts of two ranks by transactions without durability, beside a loop over raw MPI. Collective over
/// exactly 2 ranks.
void transactions(runner& with, context& ctx);

}  // namespace weft::bench
