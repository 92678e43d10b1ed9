// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <array>
#include <cstdint>
#include <vector>

#include <weft/core/random.hpp>

namespace weft::bench {

/// What clients transfer: drawn in the same way for weft and for its peer.
struct transfer_draw {
  std::uint32_t from = 0;  ///< account of the client's own rank
  std::uint32_t to = 0;    ///< of the other rank
  std::int64_t amount = 0;
};
inline constexpr std::uint32_t transfer_accounts = 10'000;  ///< of each rank
inline transfer_draw draw_transfer(random_source& random) {
  const std::uint64_t bits = random();
  return {static_cast<std::uint32_t>((bits & 0xffffffff) * transfer_accounts >> 32),
          static_cast<std::uint32_t>((bits >> 32) * transfer_accounts >> 32), static_cast<std::int64_t>(bits % 10)};
}

/// The ceiling of transactions without durability: two-phase commit between two ranks in one loop over raw MPI, written to
/// win. Records of 64 bytes, a batch of them to the other side in each turn, one lock for each account, balances in an
/// array; it knows nothing else. A conflict aborts, and the client begins again until it commits.
class raw_transfers {
 public:
  /// Collective over the two ranks, which it duplicates the communicator of.
  raw_transfers(MPI_Comm comm, int clients);
  ~raw_transfers();
  raw_transfers(const raw_transfers&) = delete;
  raw_transfers& operator=(const raw_transfers&) = delete;

  /// Collective: `count` commits of the clients of each rank.
  void run(int count);
  std::int64_t sum() const;  ///< of this rank's accounts

 private:
  enum kind : std::uint32_t { prepare, yes, no, commit, done };
  struct record {
    std::uint32_t what;
    std::uint32_t client;
    std::uint32_t account;
    std::uint32_t unused;
    std::int64_t amount;
    std::uint64_t sequence;
    std::array<std::uint64_t, 4> rest;
  };
  static_assert(sizeof(record) == 64);
  static constexpr std::size_t batch = 63;    // the most that Open MPI sends eagerly over shared memory
  static constexpr std::size_t buffers = 16;  // of each direction
  struct account {
    std::int64_t balance = 1000;
    bool is_locked = false;
  };
  struct client {
    random_source random{0};
    transfer_draw now;
    std::uint64_t sequence = 0;
    bool is_idle = true;
    bool must_retry = false;
  };
  struct block {
    std::array<record, batch> records;
    std::size_t count = 0;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  void receive();
  void handle(const record& r);
  void begin(std::uint32_t number);
  void begin_idle();
  record& add(kind what, std::uint32_t whose, std::uint64_t sequence);
  void send();
  void post(block& b);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int peer_;
  std::vector<account> accounts_;
  std::vector<client> clients_;
  std::vector<std::uint32_t> idle_;
  std::vector<block> in_, out_;
  std::size_t next_in_ = 0, next_out_ = 0;
  int to_begin_ = 0;
  int under_way_ = 0;
  bool other_is_done_ = false;
};

}  // namespace weft::bench
