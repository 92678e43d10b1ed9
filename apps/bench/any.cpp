// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/nonblocking.hpp>

#include <weft/async/async.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/core/random.hpp>
#include <weft/mpi/native.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

/// N receives with a tag each, all posted before the first send; the sender's order is seeded and unknown to the
/// receiver, which handles them one by one as they complete.
struct crowd {
  context& ctx;
  MPI_Comm raw;
  std::vector<int> order;
  std::vector<double> values;
  double total = 0;

  crowd(context& on, int n)
      : ctx(on), raw(mpi::native(on.world())), order(static_cast<std::size_t>(n)), values(static_cast<std::size_t>(n)) {
    std::iota(order.begin(), order.end(), 0);
    random_source random(20250607);
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  }
  int size() const { return static_cast<int>(order.size()); }
  bool receives() const { return ctx.rank() == 1; }

  /// The receiver says that everything is posted; then the sender sends.
  void send_all() {
    MPI_Recv(nullptr, 0, MPI_BYTE, 1, size() + 1, raw, MPI_STATUS_IGNORE);
    for (int t : order) {
      double value = t;
      MPI_Send(&value, 1, MPI_DOUBLE, 1, t + 1, raw);
    }
  }
  void ready() const { MPI_Send(nullptr, 0, MPI_BYTE, 0, size() + 1, raw); }
};

task<> receive_ours(crowd& c) {
  std::vector<future<double>> futures;
  futures.reserve(c.order.size());
  for (int t = 0; t < c.size(); ++t) futures.push_back(c.ctx.world().irecv<double>(0, t + 1));
  as_completed done(futures);
  c.ready();
  while (auto index = co_await done.next()) c.total += co_await futures[*index];
}

void receive_raw(crowd& c) {
  std::vector<MPI_Request> requests(c.order.size());
  for (int t = 0; t < c.size(); ++t) {
    const auto at = static_cast<std::size_t>(t);
    MPI_Irecv(&c.values[at], 1, MPI_DOUBLE, 0, t + 1, c.raw, &requests[at]);
  }
  c.ready();
  for (int left = c.size(); left > 0; --left) {
    int index = 0;
    MPI_Waitany(c.size(), requests.data(), &index, MPI_STATUS_IGNORE);
    c.total += c.values[static_cast<std::size_t>(index)];
  }
}

void receive_boost(crowd& c) {
  boost::mpi::communicator world(c.raw, boost::mpi::comm_attach);
  std::vector<boost::mpi::request> requests;
  requests.reserve(c.order.size());
  std::vector<std::size_t> which(c.order.size());
  for (int t = 0; t < c.size(); ++t) {
    const auto at = static_cast<std::size_t>(t);
    requests.push_back(world.irecv(0, t + 1, c.values[at]));
    which[at] = at;
  }
  c.ready();
  while (!requests.empty()) {
    const auto done = boost::mpi::wait_any(requests.begin(), requests.end());
    const auto at = static_cast<std::size_t>(done.second - requests.begin());
    c.total += c.values[which[at]];
    // As its documentation's loops do it: what is done leaves the vector.
    std::swap(requests[at], requests.back());
    std::swap(which[at], which.back());
    requests.pop_back();
    which.pop_back();
  }
}

template <class Receive>
work side(crowd& c, Receive receive) {
  return [&c, receive](int count) {
    for (int i = 0; i < count; ++i) {
      if (c.receives()) {
        receive(c);
      } else {
        c.send_all();
      }
      MPI_Barrier(c.raw);
    }
  };
}

void crowd_of(runner& with, context& ctx, int n) {
  crowd c(ctx, n);
  contest what{"any" + std::to_string(n),
               side(c, [](crowd& with_us) { with_us.ctx.run(receive_ours(with_us)); }),
               {{"raw", side(c, receive_raw)}, {"boost", side(c, receive_boost)}},
               n};
  what.repetitions = n >= 10000 ? 3 : n >= 1000 ? 11 : 31;
  with.run(what);
}

}  // namespace

void any(runner& with, context& ctx) {
  for (int n : {64, 1000, 10000}) crowd_of(with, ctx, n);
}

}  // namespace weft::bench
