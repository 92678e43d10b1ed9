// SPDX-License-Identifier: BSL-1.0
#include "raw_transfers.hpp"

#include <utility>

namespace weft::bench {
namespace {

constexpr int transfer_tag = 7;

}  // namespace

raw_transfers::raw_transfers(MPI_Comm comm, int clients)
    : accounts_(transfer_accounts),
      clients_(static_cast<std::size_t>(clients)),
      in_(buffers),
      out_(buffers) {
  MPI_Comm_dup(comm, &comm_);
  int rank = 0;
  MPI_Comm_rank(comm_, &rank);
  peer_ = 1 - rank;
  for (std::size_t c = 0; c < clients_.size(); ++c) {
    clients_[c].random = random_source(static_cast<std::uint64_t>(rank) * 100'003 + c);
    idle_.push_back(static_cast<std::uint32_t>(c));
  }
  for (block& b : in_) post(b);
}

raw_transfers::~raw_transfers() {
  for (block& b : in_) {
    MPI_Cancel(&b.request);
    MPI_Wait(&b.request, MPI_STATUS_IGNORE);
  }
  for (block& b : out_) MPI_Wait(&b.request, MPI_STATUS_IGNORE);
  MPI_Comm_free(&comm_);
}

void raw_transfers::post(block& b) {
  MPI_Irecv(b.records.data(), sizeof b.records, MPI_BYTE, peer_, transfer_tag, comm_, &b.request);
}

void raw_transfers::run(int count) {
  to_begin_ = count;
  other_is_done_ = false;
  bool has_told = false;
  while (!(has_told && other_is_done_)) {
    receive();
    begin_idle();
    if (to_begin_ == 0 && under_way_ == 0 && !has_told) {
      add(done, 0, 0);
      has_told = true;
    }
    send();
  }
}

void raw_transfers::receive() {
  for (;;) {
    block& b = in_[next_in_];
    int is_here = 0;
    MPI_Status status;
    MPI_Test(&b.request, &is_here, &status);
    if (is_here == 0) return;
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    const auto count = static_cast<std::size_t>(bytes) / sizeof(record);
    for (std::size_t i = 0; i < count; ++i) handle(b.records[i]);
    post(b);
    next_in_ = (next_in_ + 1) % buffers;
  }
}

void raw_transfers::handle(const record& r) {
  switch (r.what) {
    case prepare: {
      account& a = accounts_[r.account];
      record& answer = add(a.is_locked ? no : yes, r.client, r.sequence);
      answer.account = r.account;
      a.is_locked = true;
      return;
    }
    case commit: {
      account& a = accounts_[r.account];
      a.balance += r.amount;
      a.is_locked = false;
      return;
    }
    case yes: {
      client& c = clients_[r.client];
      if (c.sequence != r.sequence) return;
      account& mine = accounts_[c.now.from];
      mine.balance -= c.now.amount;
      mine.is_locked = false;
      record& decision = add(commit, r.client, r.sequence);
      decision.account = c.now.to;
      decision.amount = c.now.amount;
      --under_way_;
      idle_.push_back(r.client);
      return;
    }
    case no: {
      client& c = clients_[r.client];
      accounts_[c.now.from].is_locked = false;
      c.must_retry = true;
      --under_way_;
      ++to_begin_;
      idle_.push_back(r.client);
      return;
    }
    default:
      other_is_done_ = true;
  }
}

void raw_transfers::begin_idle() {
  const std::size_t all = idle_.size();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all; ++i) {
    const std::uint32_t number = idle_[i];
    client& c = clients_[number];
    if (to_begin_ == 0) {
      idle_[kept++] = number;
      continue;
    }
    if (!std::exchange(c.must_retry, false)) c.now = draw_transfer(c.random);
    account& mine = accounts_[c.now.from];
    if (mine.is_locked) {  // try the same again in the next turn
      c.must_retry = true;
      idle_[kept++] = number;
      continue;
    }
    mine.is_locked = true;
    --to_begin_;
    ++under_way_;
    record& asked = add(prepare, number, ++c.sequence);
    asked.account = c.now.to;
    asked.amount = c.now.amount;
  }
  idle_.resize(kept);
}

raw_transfers::record& raw_transfers::add(kind what, std::uint32_t whose, std::uint64_t sequence) {
  if (out_[next_out_].count == batch) send();
  block& b = out_[next_out_];
  if (b.count == 0) MPI_Wait(&b.request, MPI_STATUS_IGNORE);
  record& r = b.records[b.count++];
  r.what = what;
  r.client = whose;
  r.sequence = sequence;
  return r;
}

void raw_transfers::send() {
  block& b = out_[next_out_];
  if (b.count == 0) return;
  MPI_Isend(b.records.data(), static_cast<int>(b.count * sizeof(record)), MPI_BYTE, peer_, transfer_tag, comm_, &b.request);
  b.count = 0;
  next_out_ = (next_out_ + 1) % buffers;
}

std::int64_t raw_transfers::sum() const {
  std::int64_t all = 0;
  for (const account& a : accounts_) all += a.balance;
  return all;
}

}  // namespace weft::bench
