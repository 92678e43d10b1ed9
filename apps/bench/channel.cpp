// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/message/channel.hpp>
#include <weft/mpi/native.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

constexpr int item_tag = 1;

/// An item of so many bytes whose first word counts.
template <std::size_t Bytes>
struct plain_item {
  std::uint64_t number = 0;
  std::byte rest[Bytes - sizeof(std::uint64_t)];
};
template <>
struct plain_item<8> {
  std::uint64_t number = 0;
};
template <class Item>
struct filled {
  static Item make(std::uint64_t number) {
    Item made{};
    made.number = number;
    return made;
  }
  static std::uint64_t number_of(const Item& item) { return item.number; }
  static const void* data(const Item& item) { return &item; }
  static void* data(Item& item) { return &item; }
  static constexpr int bytes = static_cast<int>(sizeof(Item));
};
using block = std::vector<std::uint64_t>;
template <>
struct filled<block> {
  static block make(std::uint64_t number) { return block(words, number); }
  static std::uint64_t number_of(const block& item) { return item.front(); }
  static const void* data(const block& item) { return item.data(); }
  static void* data(block& item) { return item.data(); }
  static constexpr std::size_t words = 8192;
  static constexpr int bytes = static_cast<int>(words * sizeof(std::uint64_t));
};

void check(std::uint64_t sum, int count) {
  const auto n = static_cast<std::uint64_t>(count);
  if (sum != n * (n - 1) / 2) throw error("the checksum of the items is wrong");
}

/// Rank 0 puts, rank 1 gets, and says so when it has them all.
template <class Item>
class stream {
 public:
  using as = filled<Item>;
  stream(context& ctx, std::size_t capacity)
      : ctx_(ctx), comm_(mpi::native(ctx.world())), items_(ctx, {.capacity = capacity, .reader = 1}), over_(ctx.loop()) {
    const auto end = [this](int, std::int64_t) { over_.set(); };
    ends_ = std::make_unique<port<std::int64_t>>(ctx, end);
  }

  void through_channel(int count) {
    if (ctx_.rank() == 0) ctx_.run(put_all(count));
    if (ctx_.rank() == 1) ctx_.run(get_all(count));
  }
  /// As a program would that has no framework: an item is made, sent, received into the same memory, used.
  void raw(int count) {
    if (ctx_.rank() == 0) {
      for (int i = 0; i < count; ++i) {
        const Item item = as::make(static_cast<std::uint64_t>(i));
        MPI_Send(as::data(item), as::bytes, MPI_BYTE, 1, item_tag, comm_);
      }
    } else if (ctx_.rank() == 1) {
      std::uint64_t sum = 0;
      Item item = as::make(0);
      for (int i = 0; i < count; ++i) {
        MPI_Recv(as::data(item), as::bytes, MPI_BYTE, 0, item_tag, comm_, MPI_STATUS_IGNORE);
        sum += as::number_of(item);
      }
      check(sum, count);
    }
  }
  void raw_synchronous(int count) {
    if (ctx_.rank() == 0) {
      for (int i = 0; i < count; ++i) {
        const Item item = as::make(static_cast<std::uint64_t>(i));
        MPI_Ssend(as::data(item), as::bytes, MPI_BYTE, 1, item_tag, comm_);
      }
    } else {
      raw(count);
    }
  }

 private:
  task<> put_all(int count) {
    over_.reset();
    for (int i = 0; i < count; ++i) co_await items_.put(as::make(static_cast<std::uint64_t>(i)));
    co_await over_.wait();
  }
  task<> get_all(int count) {
    std::uint64_t sum = 0;
    for (int i = 0; i < count; ++i) {
      const auto item = co_await items_.get();
      sum += as::number_of(*item);
    }
    check(sum, count);
    ends_->post(0, 0);
    ctx_.poll();
  }

  context& ctx_;
  MPI_Comm comm_;
  channel<Item> items_;
  async_event over_;
  std::unique_ptr<port<std::int64_t>> ends_;
};

template <class Item>
void run_stream(runner& with, context& ctx, const std::string& name) {
  stream<Item> buffered(ctx, 1000);
  with.run({name, [&](int count) { buffered.through_channel(count); },
            {{"MPI_Send", [&](int count) { buffered.raw(count); }}}});
  ctx.quiescence().get();
}

}  // namespace

void channels(runner& with, context& ctx) {
  run_stream<plain_item<8>>(with, ctx, "stream/8");
  run_stream<plain_item<64>>(with, ctx, "stream/64");
  run_stream<block>(with, ctx, "stream/65536");
  stream<plain_item<8>> meeting(ctx, 0);
  with.run({"rendezvous/8", [&](int count) { meeting.through_channel(count); },
            {{"MPI_Ssend", [&](int count) { meeting.raw_synchronous(count); }}}});
  ctx.quiescence().get();
}

}  // namespace weft::bench
