// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace weft::bench {

/// One way of doing a thing: does it `count` times and returns nothing; every rank calls it at the same time.
using work = std::function<void(int count)>;

struct rival {
  std::string name;
  work run;
};

/// One case: weft and its peers doing the same thing, measured side by side in one run.
struct contest {
  std::string name;
  work ours;
  std::vector<rival> peers;
  int operations = 1;        ///< per count; nanoseconds are per operation (2: a round trip is two one-way messages)
  int repetitions = 31;
  double target_seconds = 0.004;  ///< one measurement should take about this long
  int most_count = 1 << 20;
};

struct row {
  std::string name;
  std::string peer;
  double ours_ns = 0;
  double peer_ns = 0;
  double ratio = 0;  ///< median of the ratios within a repetition: ours over the peer's
  double ours_allocations = 0;  ///< calls of operator new per operation on this rank
};

/// Runs contests on all ranks of `comm` and keeps the rows (on rank 0). Each repetition runs every rival once, in
/// rotated order, and takes the ratio inside the repetition; one during which a rank was preempted is run again.
class runner {
 public:
  /// Only cases whose name starts with `only` are run; `quick`: each three times, to see that they work.
  runner(MPI_Comm comm, std::string only, bool quick);
  ~runner();
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  void run(const contest& what);
  /// For what is timed in another way: whether a case is asked for, how often to repeat it, and its result.
  bool wants(const std::string& name) const { return name.starts_with(only_); }
  int repetitions(int usual) const noexcept { return quick_ ? 3 : usual; }
  void add(const row& r);
  /// What is no row: a key of its own in `json`.
  void note(const std::string& name, nlohmann::json what) { notes_[name] = std::move(what); }
  const std::vector<row>& rows() const noexcept { return rows_; }
  nlohmann::json json() const;
  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }

 private:
  struct sample {
    double seconds;
    long preemptions;
    std::size_t allocations;
  };
  sample measure(const work& what, int count);
  int calibrate(const contest& what);
  void print(const row& r) const;

  MPI_Comm comm_;
  std::string only_;
  bool quick_;
  int rank_ = 0;
  int size_ = 1;
  std::vector<row> rows_;
  nlohmann::json notes_ = nlohmann::json::object();
};

/// The peer of a lone message there and back: `count` times 8 bytes between ranks 0 and 1 by MPI_Send and MPI_Recv.
void raw_ping_pong(MPI_Comm comm, int count);

/// The middle value; the mean of the two middle ones for an even number.
double median(std::vector<double> values);

}  // namespace weft::bench
