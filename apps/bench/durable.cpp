// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <weft/async/async.hpp>
#include <weft/core/error.hpp>
#include <weft/mpi/native.hpp>
#include <weft/queue/durable_queue.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

struct durable_item {
  std::int64_t value;
  std::array<std::int64_t, 7> rest;
};
static_assert(sizeof(durable_item) == 64);

using bench_queue = durable_queue<durable_item>;

// Of each rank, together at most 1,024 puts and acknowledgements that are not durable yet: two tasks that put, and two
// that take.
constexpr int tasks_of_a_kind = 2;
constexpr std::size_t durable_batch = 256;
constexpr std::size_t raw_record_bytes = 128;  // what an item and its acknowledgement take in the journal
constexpr std::size_t raw_batch = 1024;

task<> put_durable(bench_queue& q, std::int64_t first, std::int64_t last) {
  std::array<durable_item, durable_batch> some{};
  while (first < last) {
    const auto n = static_cast<std::size_t>(std::min<std::int64_t>(durable_batch, last - first));
    for (std::size_t i = 0; i < n; ++i) some[i].value = first++;
    co_await q.put(some.begin(), some.begin() + n);
  }
}

task<> take_durable(bench_queue& q, std::int64_t& sum) {
  while (auto some = co_await q.get_n(durable_batch)) {
    for (const durable_item& one : some) sum += one.value;
    some.done();
    co_await q.flush();
  }
}

task<> through_durable(context& ctx, bench_queue& q, std::int64_t first, std::int64_t last, std::int64_t& sum) {
  std::vector<future<void>> under_way;
  const std::int64_t share = (last - first) / tasks_of_a_kind;
  for (int i = 0; i < tasks_of_a_kind; ++i) {
    const std::int64_t from = first + i * share;
    under_way.push_back(ctx.spawn(put_durable(q, from, i + 1 < tasks_of_a_kind ? from + share : last)));
    under_way.push_back(ctx.spawn(take_durable(q, sum)));
  }
  for (std::size_t i = 0; i < under_way.size(); i += 2) co_await std::move(under_way[i]);
  q.close();
  for (std::size_t i = 1; i < under_way.size(); i += 2) co_await std::move(under_way[i]);
}

/// Seconds from the first put until every rank knows the end; the maximum over the ranks.
double durable_once(context& ctx, const std::string& folder, durability kept, std::int64_t items) {
  MPI_Comm comm = mpi::native(ctx.world());
  double mine = 0;
  std::int64_t sum = 0;
  {
    bench_queue q(ctx, folder, {.kept = kept}, {.order = take_order::oldest_first});
    ctx.run(q.open());
    const std::int64_t share = items / ctx.size();
    const std::int64_t first = share * ctx.rank();
    MPI_Barrier(comm);
    const double start = MPI_Wtime();
    ctx.run(through_durable(ctx, q, first, ctx.rank() + 1 < ctx.size() ? first + share : items, sum));
    mine = MPI_Wtime() - start;
  }
  double slowest = 0;
  std::int64_t all = 0;
  MPI_Allreduce(&mine, &slowest, 1, MPI_DOUBLE, MPI_MAX, comm);
  MPI_Allreduce(&sum, &all, 1, MPI_INT64_T, MPI_SUM, comm);
  if (all != items * (items - 1) / 2) throw error("the checksum of the durable items is wrong");
  return slowest;
}

/// The same bytes by hand, each rank into a file of its own, a write (and a force) for each 1,024 items.
double raw_once(context& ctx, const std::string& path, bool is_forced, std::int64_t items) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0666);
  if (file < 0) throw environment_error("cannot make " + path);
  MPI_Comm comm = mpi::native(ctx.world());
  const std::vector<std::byte> bytes(raw_batch * raw_record_bytes, std::byte{1});
  MPI_Barrier(comm);
  const double start = MPI_Wtime();
  bool is_written = true;
  off_t at = 0;
  for (std::int64_t left = items / ctx.size(); left > 0; left -= static_cast<std::int64_t>(raw_batch)) {
    is_written =
        is_written && ::pwrite(file, bytes.data(), bytes.size(), at) > 0 && (!is_forced || ::fdatasync(file) == 0);
    at += static_cast<off_t>(bytes.size());
  }
  const double mine = MPI_Wtime() - start;
  ::close(file);
  ::unlink(path.c_str());
  if (!is_written) throw environment_error("cannot write " + path);
  double slowest = 0;
  MPI_Allreduce(&mine, &slowest, 1, MPI_DOUBLE, MPI_MAX, comm);
  return slowest;
}

}  // namespace

void durables(runner& with, context& ctx) {
  MPI_Comm comm = mpi::native(ctx.world());
  int number = static_cast<int>(::getpid());
  MPI_Bcast(&number, 1, MPI_INT, 0, comm);
  const std::string root = std::filesystem::absolute(fmt::format("weft-bench-durable-{}", number)).string();
  for (const durability kept : {durability::written, durability::synced}) {
    const bool is_forced = kept == durability::synced;
    const std::string name = fmt::format("durable/{}/{}", is_forced ? "synced" : "written", ctx.size());
    if (!with.wants(name)) continue;
    const int repetitions = with.repetitions(5);
    const std::int64_t items = repetitions < 5 ? 20'000 : 1'000'000;
    std::vector<double> ours, peers, ratios;
    for (int i = 0; i < repetitions; ++i) {
      if (ctx.rank() == 0) std::filesystem::create_directories(root);
      MPI_Barrier(comm);
      ours.push_back(durable_once(ctx, fmt::format("{}/{}", root, i), kept, items) * 1e9 / static_cast<double>(items));
      const std::string raw_path = fmt::format("{}/raw-{}", root, ctx.rank());
      peers.push_back(raw_once(ctx, raw_path, is_forced, items) * 1e9 / static_cast<double>(items));
      ratios.push_back(ours.back() / peers.back());
      MPI_Barrier(comm);
      if (ctx.rank() == 0) std::filesystem::remove_all(root);
    }
    with.add({name, is_forced ? "write, force" : "write", median(ours), median(peers), median(ratios), 0});
  }
}

}  // namespace weft::bench
