// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <weft/mpi/mpi_transport.hpp>

#include "support/mpi_test.hpp"

namespace weft::test {

/// A pending or finished operation of a test; its address is the token.
struct pending {
  bool done = false;
  completion result;
  op_number number = op_number::completed;
};

/// Every test has a transport of its own on all ranks.
class transport_fixture : public testing::Test {
 protected:
  mpi::mpi_transport t{MPI_COMM_WORLD};
  int self = t.rank(world_comm);
  int size = t.size(world_comm);
  int next = (self + 1) % size;
  int previous = (self + size - 1) % size;

  void started(pending& p, op_number number, const completion& now) {
    p.number = number;
    if (number != op_number::completed) return;
    p.done = true;
    p.result = now;
    EXPECT_EQ(now.token, &p);
  }

  void send(pending& p, int peer, int tag, const void* data, std::uint64_t count, const datatype& type,
            send_mode mode = send_mode::standard, comm_id comm = world_comm) {
    completion now;
    started(p, t.isend({comm, peer, tag}, data, count, type, mode, &p, now), now);
  }
  void receive(pending& p, int peer, int tag, void* data, std::uint64_t count, const datatype& type,
               comm_id comm = world_comm) {
    completion now;
    started(p, t.irecv({comm, peer, tag}, data, count, type, &p, now), now);
  }

  /// One turn; completions go to their tokens.
  std::size_t turn() {
    std::array<completion, 64> news;
    const std::size_t count = t.poll(news, false);
    for (const completion& c : std::span(news).first(count)) {
      auto* p = static_cast<pending*>(c.token);
      EXPECT_FALSE(p->done) << "handed out twice";
      p->done = true;
      p->result = c;
    }
    empty_turns_ = count == 0 ? empty_turns_ + 1 : 0;
    if (count == 0) t.idle(never, empty_turns_, -1);
    return count;
  }

  const completion& finish(pending& p) {
    while (!p.done) turn();
    return p.result;
  }

  /// A barrier that lets this rank's other operations go on.
  void meet(comm_id comm = world_comm) {
    pending p;
    completion now;
    started(p, t.ibarrier(comm, &p, now), now);
    finish(p);
  }

 private:
  std::uint64_t empty_turns_ = 0;
};

}  // namespace weft::test
