// SPDX-License-Identifier: BSL-1.0
#include <span>
#include <vector>

#include <boost/mpi/communicator.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <weft/async/async.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/mpi/native.hpp>

#include "cases.hpp"
#include "record.hpp"

namespace weft::bench {

namespace {

constexpr int tag = 1;
constexpr int window = 64;

/// Two ranks and what both sides of a contest need.
struct pair {
  context& ctx;
  communicator& world;
  MPI_Comm raw;
  int other;
  bool first;
  std::vector<double> mine, theirs;

  explicit pair(context& on, std::size_t doubles)
      : ctx(on),
        world(on.world()),
        raw(mpi::native(on.world())),
        other(1 - on.rank()),
        first(on.rank() == 0),
        mine(doubles, 1.0),
        theirs(doubles) {}

  /// A round trip: the first rank sends, then receives; the other the other way round.
  template <class Send, class Receive>
  void turns(int count, Send&& send, Receive&& receive) const {
    for (int i = 0; i < count; ++i) {
      if (first) send();
      receive();
      if (!first) send();
    }
  }
};

void raw_ping_pong(pair& p, int count) {
  const int n = static_cast<int>(p.mine.size());
  p.turns(
      count, [&] { MPI_Send(p.mine.data(), n, MPI_DOUBLE, p.other, tag, p.raw); },
      [&] { MPI_Recv(p.theirs.data(), n, MPI_DOUBLE, p.other, tag, p.raw, MPI_STATUS_IGNORE); });
}

void blocking(runner& with, context& ctx, std::size_t bytes) {
  pair p(ctx, bytes / sizeof(double));
  const work ours = [&](int count) {
    if (bytes == sizeof(double)) {
      p.turns(
          count, [&] { p.world.send(p.other, tag, p.mine[0]); },
          [&] { p.theirs[0] = p.world.recv<double>(p.other, tag); });
      return;
    }
    p.turns(
        count, [&] { p.world.send(p.other, tag, p.mine); }, [&] { p.world.recv(p.theirs, p.other, tag); });
  };
  with.run({"blocking/" + std::to_string(bytes), ours, {{"raw", [&](int count) { raw_ping_pong(p, count); }}}, 2});
}

task<> awaited_small(pair& p, int count) {
  for (int i = 0; i < count; ++i) {
    if (p.first) co_await p.world.isend(p.other, tag, p.mine[0]);
    p.theirs[0] = co_await p.world.irecv<double>(p.other, tag);
    if (!p.first) co_await p.world.isend(p.other, tag, p.mine[0]);
  }
}

task<> awaited_large(pair& p, int count) {
  for (int i = 0; i < count; ++i) {
    if (p.first) co_await p.world.isend(p.other, tag, p.mine);
    co_await p.world.irecv(p.theirs, p.other, tag);
    if (!p.first) co_await p.world.isend(p.other, tag, p.mine);
  }
}

void awaited(runner& with, context& ctx, std::size_t bytes) {
  pair p(ctx, bytes / sizeof(double));
  const work ours = [&](int count) {
    ctx.run(bytes == sizeof(double) ? awaited_small(p, count) : awaited_large(p, count));
  };
  contest c{"awaited/" + std::to_string(bytes), ours, {{"raw", [&](int count) { raw_ping_pong(p, count); }}}, 2};
  if (bytes >= 1 << 20) c.target_seconds = 0.02;
  with.run(c);
}

// 64 messages one way, then one back.
task<> awaited_window(pair& p, int count) {
  std::vector<future<void>> sends;
  std::vector<future<double>> receives;
  sends.reserve(window);
  receives.reserve(window);
  for (int i = 0; i < count; ++i) {
    if (p.first) {
      for (int k = 0; k < window; ++k) sends.push_back(p.world.isend(p.other, tag, p.mine[0]));
      co_await when_all(sends);
      sends.clear();
      co_await p.world.irecv<double>(p.other, tag);
    } else {
      for (int k = 0; k < window; ++k) receives.push_back(p.world.irecv<double>(p.other, tag));
      co_await when_all(receives);
      receives.clear();
      co_await p.world.isend(p.other, tag, p.mine[0]);
    }
  }
}

void raw_window(pair& p, int count) {
  MPI_Request requests[window];
  for (int i = 0; i < count; ++i) {
    if (p.first) {
      for (int k = 0; k < window; ++k) MPI_Isend(&p.mine[0], 1, MPI_DOUBLE, p.other, tag, p.raw, &requests[k]);
      MPI_Waitall(window, requests, MPI_STATUSES_IGNORE);
      MPI_Recv(&p.theirs[0], 1, MPI_DOUBLE, p.other, tag, p.raw, MPI_STATUS_IGNORE);
    } else {
      for (std::size_t k = 0; k < window; ++k)
        MPI_Irecv(&p.theirs[k], 1, MPI_DOUBLE, p.other, tag, p.raw, &requests[k]);
      MPI_Waitall(window, requests, MPI_STATUSES_IGNORE);
      MPI_Send(&p.mine[0], 1, MPI_DOUBLE, p.other, tag, p.raw);
    }
  }
}

void windowed(runner& with, context& ctx) {
  pair p(ctx, window);
  with.run({"window64/8",
            [&](int count) { ctx.run(awaited_window(p, count)); },
            {{"raw", [&](int count) { raw_window(p, count); }}},
            window});
}

// A fresh vector for each message on both sides.
void vector_unknown(runner& with, context& ctx) {
  pair p(ctx, 1000);
  const auto probe = [&](int count) {
    p.turns(
        count, [&] { MPI_Send(p.mine.data(), 1000, MPI_DOUBLE, p.other, tag, p.raw); },
        [&] {
          MPI_Message message;
          MPI_Status status;
          int n = 0;
          MPI_Mprobe(p.other, tag, p.raw, &message, &status);
          MPI_Get_count(&status, MPI_DOUBLE, &n);
          std::vector<double> fresh(static_cast<std::size_t>(n));
          MPI_Mrecv(fresh.data(), n, MPI_DOUBLE, &message, MPI_STATUS_IGNORE);
          p.theirs.swap(fresh);
        });
  };
  const auto ours = [&](int count) {
    p.turns(
        count, [&] { p.world.send(p.other, tag, p.mine); },
        [&] { p.theirs = p.world.recv<std::vector<double>>(p.other, tag); });
  };
  with.run({"vector_unknown/1000", ours, {{"probe", probe}}, 2});
}

void records(runner& with, context& ctx) {
  pair p(ctx, 1);
  const record sent = sample_record();
  record got = sent;
  boost::mpi::communicator boost_world(p.raw, boost::mpi::comm_attach);
  std::vector<char> out, in;
  const auto ours = [&](int count) {
    p.turns(
        count, [&] { p.world.send(p.other, tag, sent); }, [&] { got = p.world.recv<record>(p.other, tag); });
  };
  const auto boosted = [&](int count) {
    p.turns(
        count, [&] { boost_world.send(p.other, tag, sent); },
        [&] {
          record fresh;
          boost_world.recv(p.other, tag, fresh);
          got = std::move(fresh);
        });
  };
  const auto handpacked = [&](int count) {
    p.turns(
        count,
        [&] {
          pack(sent, out);
          MPI_Send(out.data(), static_cast<int>(out.size()), MPI_BYTE, p.other, tag, p.raw);
        },
        [&] {
          MPI_Message message;
          MPI_Status status;
          int bytes = 0;
          MPI_Mprobe(p.other, tag, p.raw, &message, &status);
          MPI_Get_count(&status, MPI_BYTE, &bytes);
          if (in.size() < static_cast<std::size_t>(bytes)) in.resize(static_cast<std::size_t>(bytes));
          MPI_Mrecv(in.data(), bytes, MPI_BYTE, &message, MPI_STATUS_IGNORE);
          got = unpack(in.data());
        });
  };
  with.run({"record", ours, {{"boost", boosted}, {"handpacked", handpacked}}, 2});
  if (got != sent) throw error("the record did not come back as it was sent");
}

}  // namespace

void p2p(runner& with, context& ctx) {
  blocking(with, ctx, 8);
  blocking(with, ctx, 1024);
  awaited(with, ctx, 8);
  awaited(with, ctx, 1024);
  awaited(with, ctx, 65536);
  awaited(with, ctx, 4194304);
  windowed(with, ctx);
  vector_unknown(with, ctx);
  records(with, ctx);
  any(with, ctx);
}

}  // namespace weft::bench
