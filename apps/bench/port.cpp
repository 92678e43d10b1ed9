// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cstdint>

#include <weft/async/async.hpp>
#include <weft/mpi/native.hpp>
#include <weft/port/port.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

constexpr int tag = 1;
constexpr int done_tag = 2;

/// A count that handlers move, and a task can wait for.
class counter {
 public:
  explicit counter(context& on) : reached_(on) {}
  std::int64_t value() const noexcept { return value_; }
  std::int64_t goal() const noexcept { return goal_; }
  void aim_at(std::int64_t goal) noexcept {
    goal_ = goal;
    if (value_ < goal_) reached_.reset();
  }
  void add() noexcept {
    if (++value_ == goal_) reached_.set();
  }
  task<> reached() { co_await reached_.wait(); }

 private:
  std::int64_t value_ = 0;
  std::int64_t goal_ = 0;
  async_event reached_;
};

/// One-way messages of 8 bytes from rank 0 to rank 1, which adds them up; an answer at the end of each batch.
class stream {
 public:
  explicit stream(context& on) : ctx_(on), raw_(mpi::native(on.world())), received_(on), add_{this}, numbers_(on, add_) {}

  void ours(int count) {
    received_.aim_at(received_.value() + (ctx_.rank() == 0 ? 1 : count));
    if (ctx_.rank() == 0) {
      for (int i = 0; i < count; ++i) {
        numbers_.post(1, std::int64_t{i});
        // A producer that never turns its loop sends nothing: messages leave when a frame is full.
        if (i % 512 == 511) ctx_.poll();
      }
      ctx_.run(received_.reached());
    } else {
      ctx_.run(received_.reached());
      numbers_.post(0, std::int64_t{1});
      ctx_.poll();
    }
  }

  void raw(int count) {
    constexpr int window = 64;
    std::array<std::int64_t, window> values{};
    std::array<MPI_Request, window> requests;
    for (int done = 0; done < count; done += window) {
      const int n = std::min(window, count - done);
      for (int i = 0; i < n; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (ctx_.rank() == 0) {
          values[at] = done + i;
          MPI_Isend(&values[at], 1, MPI_INT64_T, 1, tag, raw_, &requests[at]);
        } else {
          MPI_Irecv(&values[at], 1, MPI_INT64_T, 0, tag, raw_, &requests[at]);
        }
      }
      MPI_Waitall(n, requests.data(), MPI_STATUSES_IGNORE);
      if (ctx_.rank() == 1) {
        for (int i = 0; i < n; ++i) sum_ += values[static_cast<std::size_t>(i)];
      }
    }
    answer();
  }

  void coalesced(int count) {
    constexpr int most = 500;  // 4,000 bytes
    std::array<std::int64_t, most> values{};
    for (int done = 0; done < count; done += most) {
      const int n = std::min(most, count - done);
      if (ctx_.rank() == 0) {
        for (int i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = done + i;
        MPI_Send(values.data(), n, MPI_INT64_T, 1, tag, raw_);
      } else {
        MPI_Recv(values.data(), n, MPI_INT64_T, 0, tag, raw_, MPI_STATUS_IGNORE);
        for (int i = 0; i < n; ++i) sum_ += values[static_cast<std::size_t>(i)];
      }
    }
    answer();
  }

 private:
  struct adder {
    stream* to;
    void operator()(int, std::int64_t value) const {
      to->sum_ += value;
      to->received_.add();
    }
  };

  void answer() {
    if (ctx_.rank() == 0) {
      MPI_Recv(nullptr, 0, MPI_BYTE, 1, done_tag, raw_, MPI_STATUS_IGNORE);
    } else {
      MPI_Send(nullptr, 0, MPI_BYTE, 0, done_tag, raw_);
    }
  }

  context& ctx_;
  MPI_Comm raw_;
  counter received_;
  std::int64_t sum_ = 0;
  adder add_;
  port<std::int64_t> numbers_;
};

/// A lone message to and fro: each handler posts the answer.
class rally {
 public:
  explicit rally(context& on) : ctx_(on), raw_(mpi::native(on.world())), hits_(on), hit_{this}, ball_(on, hit_) {}

  void ours(int count) {
    hits_.aim_at(hits_.value() + count);
    if (ctx_.rank() == 0) ball_.post(1, std::int64_t{0});
    ctx_.run(hits_.reached());
  }
  void raw(int count) { raw_ping_pong(raw_, count); }

 private:
  struct hitter {
    rally* game;
    void operator()(int from, std::int64_t value) const { game->hit(from, value); }
  };
  void hit(int from, std::int64_t value) {
    if (ctx_.rank() == 1 || hits_.value() + 1 < hits_.goal()) ball_.post(from, value + 1);
    hits_.add();
  }

  context& ctx_;
  MPI_Comm raw_;
  counter hits_;
  hitter hit_;
  port<std::int64_t> ball_;
};

}  // namespace

void ports(runner& with, context& ctx) {
  stream messages(ctx);
  contest post{"post/8",
               [&](int count) { messages.ours(count); },
               {{"raw", [&](int count) { messages.raw(count); }},
                {"coalesced", [&](int count) { messages.coalesced(count); }}}};
  post.target_seconds = 0.01;
  with.run(post);

  rally game(ctx);
  with.run({"round_trip/8", [&](int count) { game.ours(count); }, {{"raw", [&](int count) { game.raw(count); }}}, 1});
}

}  // namespace weft::bench
