// SPDX-License-Identifier: BSL-1.0
// Random programs of put, get, submit, close, cancel, throw, join and leave, on some ranks only of submit: nothing
// lost, nothing twice, drained at the end and not before.
#include <vector>

#include "bounds.hpp"
#include "suite.hpp"
#include "support/queue_program.hpp"

namespace weft::seeds {
namespace {

using testing::program_log;
using testing::program_options;

std::string run(std::uint64_t seed, tally& counts) {
  random_source random(seed);
  const int ranks = bounded_ranks(1 + static_cast<int>(random.below(8)));
  program_options options;
  options.seed = seed;
  options.cancels = random.below(8) == 0;
  options.retries = static_cast<unsigned>(random.below(3));
  options.has_consumer = random.below(2) == 0;
  options.steps = bounded_steps(90 + static_cast<int>(random.below(140)));
  if (random.below(3) == 0) {
    options.only_submits = random() & ((std::uint64_t{1} << ranks) - 1);
    options.only_submits &= ~(std::uint64_t{1} << random.below(static_cast<std::uint64_t>(ranks)));
  }
  queue_options how;
  how.retries = options.retries;
  if (options.has_consumer) how.capacity = 2 + random.below(30);

  std::vector<program_log> logs(static_cast<std::size_t>(ranks));
  std::vector<char> ended(static_cast<std::size_t>(ranks));
  const auto program = [&](context& ctx) -> task<> {
    work_queue<std::int64_t, std::int64_t> q(ctx, how);
    const auto rank = static_cast<std::size_t>(ctx.rank());
    co_await testing::run_program(ctx, q, options, logs[rank]);
    ended[rank] = q.drained() || q.cancelled();
  };
  if (std::string text = run_once(program, ranks, seed, counts); !text.empty()) return text;
  program_log all;
  for (std::size_t rank = 0; rank < logs.size(); ++rank) {
    if (ended[rank] == 0) return "rank " + std::to_string(rank) + " left the queue before its end";
    all.merge(logs[rank]);
  }
  return options.cancels ? all.verdict_cancelled() : all.verdict(options.retries);
}

}  // namespace

const suite queue_suite{"queue", run};

}  // namespace weft::seeds
