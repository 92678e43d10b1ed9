// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/matcher.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <weft/comm/communicator.hpp>
#include <weft/core/error.hpp>

#include "support/comm_world.hpp"

namespace weft {
namespace {

using testing::comm_world;
using testing::fake_options;

bool matches(int source, int tag, int message_source, int message_tag) {
  return (source == any_source || source == message_source) && (tag == any_tag || tag == message_tag);
}

/// A receive of one of the kinds that the matcher treats differently, of a message that is one int.
class any_receive {
 public:
  static constexpr int kinds = 4;
  any_receive(communicator& comm, int kind, int from, int with_tag)
      : source(from), tag(with_tag), kind_(kind), target_(std::make_unique<int>(-1)) {
    if (kind == 0) plain_ = comm.irecv<int>(source, tag);
    if (kind == 1) sized_ = comm.irecv<std::vector<int>>(source, tag);
    if (kind == 2) into_ = comm.irecv(*target_, source, tag);
    if (kind == 3) sized_ = comm.irecv(std::vector<int>(2), source, tag);
  }
  operation& op() const {
    if (kind_ == 0) return *plain_.state();
    if (kind_ == 2) return *into_.state();
    return *sized_.state();
  }
  bool ready() const { return op().done(); }
  bool cancel() { return kind_ == 0 ? plain_.cancel() : kind_ == 2 ? into_.cancel() : sized_.cancel(); }
  int take() {
    if (kind_ == 0) return plain_.get();
    if (kind_ != 2) return sized_.get().at(0);
    into_.get();
    return *target_;
  }
  int source, tag;

 private:
  int kind_;
  std::unique_ptr<int> target_;
  future<int> plain_;
  future<std::vector<int>> sized_;
  future<std::size_t> into_;
};

struct expected_receive {
  any_receive receive;
  int message = -1;  ///< that MPI's rules give it
};

// One sender: MPI's rules leave no choice, so the outcome must be the model's exactly.
void compare_with_mpi_order(std::uint64_t seed, bool delayed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  fake_options options;
  options.complete_at_once = pick(2) == 0;
  options.eager_bytes = pick(2) == 0 ? 4096 : 0;
  if (delayed) options.delay = testing::random_delay(seed, 3);
  comm_world w(2, options);
  std::deque<expected_receive> receives;
  std::vector<std::size_t> posted;              // indices of those without a message
  std::vector<std::pair<int, int>> unexpected;  // (tag, number)
  std::vector<future<void>> sends;
  const int tags = 1 + pick(4) * pick(8);
  const bool many_wildcards = pick(2) == 0;
  int next = 0;
  for (int step = 0; step < 200; ++step) {
    const int action = pick(100);
    if (action < 40) {
      const int source = pick(many_wildcards ? 2 : 8) == 0 ? any_source : 0;
      const int tag = pick(many_wildcards ? 3 : 12) == 0 ? any_tag : pick(tags);
      expected_receive mine{any_receive(w[1], pick(any_receive::kinds), source, tag)};
      auto found = std::find_if(unexpected.begin(), unexpected.end(),
                                [&](const auto& m) { return matches(source, tag, 0, m.first); });
      if (found != unexpected.end()) {
        mine.message = found->second;
        unexpected.erase(found);
      } else {
        posted.push_back(receives.size());
      }
      receives.push_back(std::move(mine));
    } else if (action < 80) {
      const int tag = pick(tags);
      sends.push_back(w[0].isend(1, tag, int(next)));
      if (delayed) w.settle();
      auto found = std::find_if(posted.begin(), posted.end(), [&](std::size_t r) {
        return matches(receives[r].receive.source, receives[r].receive.tag, 0, tag);
      });
      if (found != posted.end()) {
        receives[*found].message = next;
        posted.erase(found);
      } else {
        unexpected.emplace_back(tag, next);
      }
      ++next;
    } else if (action < 90) {
      w.turn();
    } else if (action < 95 && !posted.empty()) {
      // What has arrived is matched first: a withdrawal before that may succeed, and then the model does not hold.
      w.settle();
      const std::size_t which = static_cast<std::size_t>(pick(static_cast<int>(posted.size())));
      EXPECT_TRUE(receives[posted[which]].receive.cancel());
      posted.erase(posted.begin() + static_cast<std::ptrdiff_t>(which));
    } else {
      const int tag = pick(2) == 0 ? any_tag : pick(tags);
      const auto found = w[1].iprobe(pick(2) == 0 ? any_source : 0, tag);
      auto wanted = std::find_if(unexpected.begin(), unexpected.end(),
                                 [&](const auto& m) { return tag == any_tag || tag == m.first; });
      ASSERT_EQ(found.has_value(), wanted != unexpected.end());
      if (found) {
        EXPECT_EQ(found->tag, wanted->first);
      }
    }
  }
  w.settle();
  for (expected_receive& r : receives) {
    if (r.message < 0) {
      EXPECT_TRUE(!r.receive.ready() || r.receive.op().state() == operation_state::cancelled);
      continue;
    }
    ASSERT_TRUE(r.receive.ready());
    EXPECT_EQ(r.receive.take(), r.message);
  }
  receives.clear();
  // What nobody asked for is still there, in order.
  for (auto [tag, number] : unexpected) {
    auto rest = w[1].irecv<int>();
    EXPECT_EQ(w.get(rest), number);
    EXPECT_EQ(rest.status().tag, tag);
  }
  for (auto& send : sends) w.get(send);
  EXPECT_EQ(w.cluster.unreceived(1), 0u);
}

TEST(matcher, keeps_mpis_order_in_any_mix_of_receives) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) compare_with_mpi_order(seed, false);
}

TEST(matcher, keeps_mpis_order_when_messages_are_delayed) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) compare_with_mpi_order(seed, true);
}

// Several senders: wildcards leave a choice; what MPI forbids is checked afterwards.
void check_order_of_many_senders(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  constexpr int senders = 3;
  fake_options options;
  options.delay = testing::random_delay(seed, 4);
  comm_world w(senders + 1, options);
  struct sent {
    int source, tag;
    int receive = -1;
  };
  std::vector<sent> messages;
  std::deque<any_receive> receives;
  std::vector<int> got;
  std::vector<future<void>> sends;
  for (int step = 0; step < 300; ++step) {
    const int action = pick(10);
    if (action < 4) {
      receives.emplace_back(w[senders], pick(any_receive::kinds), pick(3) == 0 ? any_source : pick(senders),
                            pick(3) == 0 ? any_tag : pick(3));
    } else if (action < 8) {
      messages.push_back({pick(senders), pick(3)});
      sends.push_back(w[messages.back().source].isend(senders, messages.back().tag, int(messages.size()) - 1));
    } else if (action == 8) {
      w.turn();
    } else {
      (void)w[senders].iprobe(pick(2) == 0 ? any_source : pick(senders), pick(2) == 0 ? any_tag : pick(3));
    }
  }
  w.settle();
  for (std::size_t r = 0; r < receives.size(); ++r) {
    got.push_back(receives[r].ready() ? receives[r].take() : -1);
    if (got[r] >= 0) messages.at(static_cast<std::size_t>(got[r])).receive = static_cast<int>(r);
  }
  for (std::size_t r = 0; r < receives.size(); ++r) {
    if (got[r] < 0) continue;
    const auto mine = static_cast<std::size_t>(got[r]);
    ASSERT_TRUE(matches(receives[r].source, receives[r].tag, messages[mine].source, messages[mine].tag));
    for (std::size_t m = 0; m < mine; ++m) {  // an earlier message of this sender must have gone to an earlier receive
      if (messages[m].source != messages[mine].source || messages[m].receive >= 0) continue;
      EXPECT_FALSE(matches(receives[r].source, receives[r].tag, messages[m].source, messages[m].tag));
    }
    for (std::size_t q = 0; q < r; ++q) {  // an earlier receive must have a message, and no later one of this sender
      if (!matches(receives[q].source, receives[q].tag, messages[mine].source, messages[mine].tag)) continue;
      ASSERT_GE(got[q], 0);
      const sent& other = messages[static_cast<std::size_t>(got[q])];
      if (other.source == messages[mine].source &&
          matches(receives[r].source, receives[r].tag, other.source, other.tag)) {
        EXPECT_LT(got[q], got[r]);
      }
    }
  }
  for (const sent& m : messages) {
    if (m.receive >= 0) continue;
    for (std::size_t r = 0; r < receives.size(); ++r)
      EXPECT_FALSE(got[r] < 0 && matches(receives[r].source, receives[r].tag, m.source, m.tag));
    auto rest = w[senders].irecv<int>(m.source, m.tag);
    EXPECT_EQ(&messages.at(static_cast<std::size_t>(w.get(rest))), &m);
  }
  for (auto& send : sends) w.get(send);
}

TEST(matcher, keeps_mpis_order_among_many_senders) {
  for (std::uint64_t seed = 0; seed < 80; ++seed) check_order_of_many_senders(seed);
}

TEST(matcher, completes_ten_thousand_outstanding_receives) {
  comm_world w(2);
  constexpr int n = 10'000;
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  std::vector<future<int>> receives;
  for (int tag = 0; tag < n; ++tag) receives.push_back(w[1].irecv<int>(0, tag));
  EXPECT_EQ(w[1].state().matching.in_table(), n - detail::matcher::direct_keys);
  std::vector<future<void>> sends;
  for (int tag : order) sends.push_back(w[0].isend(1, tag, int(tag)));
  w.settle();
  for (int tag = 0; tag < n; ++tag) EXPECT_EQ(receives[static_cast<std::size_t>(tag)].get(), tag);
  EXPECT_EQ(w[1].state().matching.in_table(), 0u);
}

TEST(matcher, posts_a_window_of_one_key_in_the_transport) {
  comm_world w(2);
  std::vector<future<int>> window;
  for (int i = 0; i < 1000; ++i) window.push_back(w[1].irecv<int>(0, 0));
  EXPECT_EQ(w[1].state().matching.in_table(), 0u);
  EXPECT_EQ(w.cluster.open_operations(1), 1000u);
}

TEST(matcher, an_unknown_size_on_another_tag_leaves_known_sizes_direct) {
  comm_world w(2);
  auto control = w[1].irecv<std::string>(any_source, 9);
  auto data = w[1].irecv<int>(0, 1);
  EXPECT_EQ(w[1].state().matching.in_table(), 1u);
  auto behind = w[1].irecv<int>(0, 9);
  EXPECT_EQ(w[1].state().matching.in_table(), 2u);
}

TEST(matcher, keeps_what_nobody_asked_for_until_the_end) {
  comm_world w(2);
  {
    auto a = w[1].irecv<std::string>(0, 1);
    auto b = w[1].irecv<std::string>(0, 2);
    w.get(w[0].isend(1, 3, 1));
    auto large = w[0].isend(1, 4, std::vector<int>(10'000, 2));
    w.settle();
    EXPECT_EQ(w[1].state().matching.kept(), 2u);
    EXPECT_EQ(w[1].iprobe(0, 4)->bytes, 40'000u);
    EXPECT_EQ(w.get(w[1].irecv<int>(0, 3)), 1);
    EXPECT_FALSE(large.ready());
    a = {};
    b = {};
    w.forget(1);  // the last copy of rank 1's communicator
    w.get(large);
  }
}

}  // namespace
}  // namespace weft
