// SPDX-License-Identifier: BSL-1.0
// Random sequences of collectives, several under way at once, on the whole and on split communicators, against their
// definitions.
#include <algorithm>
#include <vector>

#include <weft/weft.hpp>

#include "bounds.hpp"
#include "suite.hpp"

namespace weft::seeds {
namespace {

/// What rank `rank` contributes to step `step`: each rank can work out everybody's.
std::int64_t value_of(int rank, std::uint64_t step) {
  random_source random(step * 7919 + static_cast<std::uint64_t>(rank));
  return static_cast<std::int64_t>(random.below(1'000'000));
}
std::vector<std::int64_t> list_of(int rank, std::uint64_t step, bool same_size) {
  random_source random(step * 104729 + static_cast<std::uint64_t>(same_size ? 0 : rank));
  return std::vector<std::int64_t>(random.below(random.below(10) == 0 ? 5'000 : 20), value_of(rank, step));
}

class checker {
 public:
  checker(communicator comm, std::vector<int> members, std::string& wrong)
      : comm_(std::move(comm)), members_(std::move(members)), wrong_(wrong) {}

  int size() const { return comm_.size(); }
  communicator& comm() { return comm_; }
  const std::vector<int>& members() const { return members_; }

  /// One collective, drawn by `random`, which every rank draws alike.
  task<> step(std::uint64_t number, std::uint64_t kind, int root) {
    const int self = members_[static_cast<std::size_t>(comm_.rank())];
    const std::int64_t mine = value_of(self, number);
    switch (kind) {
      case 0: {
        co_await comm_.ibarrier();
        break;
      }
      case 1: {
        const std::int64_t got = co_await comm_.ibcast(mine, root);
        expect(got, value_of(member(root), number), "ibcast");
        break;
      }
      case 2: {
        const auto got = co_await comm_.ibcast(list_of(self, number, false), root);
        expect(got, list_of(member(root), number, false), "ibcast of a list");
        break;
      }
      case 3: {
        const std::int64_t got = co_await comm_.iallreduce(mine, sum);
        expect(got, total(number, size()), "iallreduce");
        break;
      }
      case 4: {
        const auto got = co_await comm_.ireduce(mine, maximum, root);
        if (got) expect(*got, greatest(number), "ireduce");
        expect(got.has_value(), comm_.rank() == root, "the root of ireduce");
        break;
      }
      case 5: {
        const std::int64_t got = co_await comm_.iscan(mine, sum);
        expect(got, total(number, comm_.rank() + 1), "iscan");
        break;
      }
      case 6: {
        const std::int64_t got = co_await comm_.iexscan(mine, sum);
        expect(got, total(number, comm_.rank()), "iexscan");
        break;
      }
      case 7: {
        const auto got = co_await comm_.igather(list_of(self, number, false), root);
        expect(got, comm_.rank() == root ? lists(number) : decltype(lists(number)){}, "igather of lists");
        break;
      }
      case 8: {
        const auto got = co_await comm_.iallgather(mine);
        expect(got, values(number), "iallgather");
        break;
      }
      case 9: {
        auto parts = comm_.rank() == root ? lists(number) : decltype(lists(number)){};
        const auto got = co_await comm_.iscatter(std::move(parts), root);
        expect(got, list_of(self, number, false), "iscatter of lists");
        break;
      }
      case 10: {
        std::vector<std::int64_t> to_each;
        for (int to = 0; to < size(); ++to) to_each.push_back(mine + to);
        const auto got = co_await comm_.ialltoall(std::move(to_each));
        auto wanted = values(number);
        for (auto& one : wanted) one += comm_.rank();
        expect(got, wanted, "ialltoall");
        break;
      }
      default: {
        auto list = list_of(self, number, true);
        const auto got = co_await comm_.iallreduce(std::move(list), sum);
        auto wanted = list_of(0, number, true);
        std::fill(wanted.begin(), wanted.end(), total(number, size()));
        expect(got, wanted, "iallreduce of a list");
        break;
      }
    }
  }
  static constexpr std::uint64_t kinds = 12;

 private:
  int member(int rank) const { return members_[static_cast<std::size_t>(rank)]; }
  std::vector<std::int64_t> values(std::uint64_t number) const {
    std::vector<std::int64_t> all;
    for (const int one : members_) all.push_back(value_of(one, number));
    return all;
  }
  std::vector<std::vector<std::int64_t>> lists(std::uint64_t number) const {
    std::vector<std::vector<std::int64_t>> all;
    for (const int one : members_) all.push_back(list_of(one, number, false));
    return all;
  }
  std::int64_t total(std::uint64_t number, int of) const {
    std::int64_t all = 0;
    for (int rank = 0; rank < of; ++rank) all += value_of(member(rank), number);
    return all;
  }
  std::int64_t greatest(std::uint64_t number) const {
    const auto all = values(number);
    return *std::max_element(all.begin(), all.end());
  }
  template <class T>
  void expect(const T& got, const T& wanted, const char* what) {
    if (got != wanted)
      wrong_ = std::string(what) + " gave something else than its definition on rank " + std::to_string(comm_.rank()) +
               " of " + std::to_string(size());
  }

  communicator comm_;
  std::vector<int> members_;  // ranks of the whole
  std::string& wrong_;
};

task<> follow(context& ctx, std::uint64_t seed, std::string& wrong) {
  random_source script(seed * 31 + 7);                                             // the same on every rank
  random_source own(seed * 131 + static_cast<std::uint64_t>(ctx.rank()) + 1'000);  // this rank's pace
  std::vector<int> everybody;
  for (int rank = 0; rank < ctx.size(); ++rank) everybody.push_back(rank);
  std::vector<checker> comms;
  comms.emplace_back(ctx.world(), everybody, wrong);
  const int colours = 1 + static_cast<int>(script.below(3));
  std::vector<int> members;
  for (const int rank : everybody) {
    if (rank % colours == ctx.rank() % colours) members.push_back(rank);
  }
  comms.emplace_back(co_await ctx.world().isplit(ctx.rank() % colours), members, wrong);

  const auto steps = static_cast<std::uint64_t>(bounded_steps(25 + static_cast<int>(script.below(50))));
  std::vector<future<void>> under_way;
  for (std::uint64_t number = 1; number <= steps; ++number) {
    checker& on = comms[script.below(2)];
    const std::uint64_t kind = script.below(checker::kinds);
    const std::uint64_t draw = script.below(1'000'000);
    const int root = static_cast<int>(draw % static_cast<std::uint64_t>(on.size()));
    under_way.push_back(ctx.spawn(on.step(number, kind, root)));
    if (own.below(4) == 0) co_await sleep_for(ctx, duration(static_cast<std::int64_t>(own.below(10'000))));
    if (under_way.size() <= own.below(5)) continue;  // some ranks have more of them under way than others
    for (auto& one : under_way) co_await one;
    under_way.clear();
  }
  for (auto& one : under_way) co_await one;
}

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(12)));
  std::string wrong;
  const auto program = [&](context& ctx) -> task<> { return follow(ctx, seed, wrong); };
  if (std::string text = run_once(program, ranks, seed, counts); !text.empty()) return text;
  return wrong;
}

}  // namespace

const suite collective_suite{"collectives", run};

}  // namespace weft::seeds
