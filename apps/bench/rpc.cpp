// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/message/rpc.hpp>
#include <weft/mpi/native.hpp>
#include <weft/port/port.hpp>

#include "cases.hpp"

namespace weft::bench {

namespace {

std::int64_t next_of(std::int64_t value) { return value + 1; }
void refuse(std::int64_t) { throw error("refused"); }

struct tally {
  std::int64_t sum = 0;
};
void add_to(tally& here, std::int64_t value) { here.sum += value; }

/// Rank 0 calls, rank 1 serves until it is told that rank 0 has all its answers.
class calls {
 public:
  explicit calls(context& on)
      : ctx_(on), raw_(mpi::native(on.world())), rpc_(on, tally_), add_{this}, numbers_(on, add_), over_(on) {
    const auto end = [this](int, std::int64_t) { over_.set(); };
    ends_ = std::make_unique<port<std::int64_t>>(on, end);
  }

  void alone(int count) {
    lead([&] { return call_each<next_of>(count); });
  }
  void many(int count) {
    lead([&] { return call_many(count); });
  }
  void thrown(int count) {
    lead([&] { return call_refused(count); });
  }
  void cast(int count) {
    lead([&] { return cast_each(count); });
  }
  void post(int count) {
    lead([&] { return post_each(count); });
  }

  void raw(int count) { raw_ping_pong(raw_, count); }

 private:
  struct adder {
    calls* to;
    void operator()(int, std::int64_t value) const { to->tally_.sum += value; }
  };

  template <class Work>
  void lead(Work&& work) {
    over_.reset();
    if (ctx_.rank() == 0) {
      ctx_.run(work());
      ends_->post(1, 0);
      ctx_.poll();
    } else {
      ctx_.run(served());
    }
  }
  task<> served() { co_await over_.wait(); }

  template <auto Function>
  task<> call_each(int count) {
    std::int64_t value = 0;
    for (int i = 0; i < count; ++i) value = co_await rpc_.template call<Function>(1, value);
    if (value != count) throw error("a remote function was run another number of times than asked for");
  }
  task<> call_many(int count) {
    constexpr int at_a_time = 256;
    std::vector<future<std::int64_t>> answers;
    answers.reserve(at_a_time);
    for (int done = 0; done < count; done += at_a_time) {
      for (int i = done; i < std::min(count, done + at_a_time); ++i)
        answers.push_back(rpc_.call<next_of>(1, std::int64_t{i}));
      for (auto& answer : answers) co_await answer;
      answers.clear();
    }
  }
  task<> call_refused(int count) {
    int refused = 0;
    for (int i = 0; i < count; ++i) {
      try {
        co_await rpc_.call<refuse>(1, std::int64_t{i});
      } catch (const remote_error&) {
        ++refused;
      }
    }
    if (refused != count) throw error("an exception was lost");
  }
  task<> cast_each(int count) {
    for (int i = 0; i < count; ++i) {
      rpc_.cast<add_to>(1, std::int64_t{i});
      if (i % 128 == 127) ctx_.poll();
    }
    co_await rpc_.call<next_of>(1, std::int64_t{0});
  }
  task<> post_each(int count) {
    for (int i = 0; i < count; ++i) {
      numbers_.post(1, i);
      if (i % 128 == 127) ctx_.poll();
    }
    co_await rpc_.call<next_of>(1, std::int64_t{0});
  }

  context& ctx_;
  MPI_Comm raw_;
  tally tally_;
  rpc<tally> rpc_;
  adder add_;
  port<std::int64_t> numbers_;
  async_event over_;
  std::unique_ptr<port<std::int64_t>> ends_;
};

}  // namespace

void rpcs(runner& with, context& ctx) {
  calls all(ctx);
  const rival raw{"raw", [&](int count) { all.raw(count); }};
  const rival alone{"alone", [&](int count) { all.alone(count); }};
  with.run({"call/8", [&](int count) { all.alone(count); }, {raw}});
  with.run({"call/256_in_flight", [&](int count) { all.many(count); }, {alone}});
  with.run({"call/throws", [&](int count) { all.thrown(count); }, {alone}});
  with.run({"cast/8", [&](int count) { all.cast(count); }, {{"post", [&](int count) { all.post(count); }}}});
}

}  // namespace weft::bench
