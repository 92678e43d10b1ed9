// SPDX-License-Identifier: BSL-1.0
#include "queue_program.hpp"

#include <stdexcept>

namespace weft::testing {

namespace {

using queue = work_queue<std::int64_t, std::int64_t>;

void add(std::map<std::int64_t, int>& to, const std::map<std::int64_t, int>& from) {
  for (const auto& [id, times] : from) to[id] += times;
}

int times(const std::map<std::int64_t, int>& of, std::int64_t id) {
  const auto found = of.find(id);
  return found == of.end() ? 0 : found->second;
}

class program {
 public:
  program(context& ctx, queue& q, program_options options, program_log& log)
      : ctx_(ctx),
        queue_(q),
        options_(options),
        log_(log),
        random_(options.seed * 1000003 + static_cast<std::uint64_t>(ctx.rank())) {}

  task<> run() {
    if ((options_.only_submits >> ctx_.rank() & 1) != 0) return submit_only();
    return take_part();
  }

 private:
  task<> take_part() {
    future<void> consumer;
    if (options_.has_consumer) consumer = ctx_.spawn(consume());
    const int cancel_at = options_.cancels && ctx_.rank() == 0 ? static_cast<int>(random_.below(60)) : -1;
    for (int step = 0; step < options_.steps; ++step) {
      if (step == cancel_at) queue_.cancel();
      co_await one_step();
    }
    if (away_) queue_.join();
    queue_.close();
    co_await consume();
    if (options_.has_consumer) co_await consumer;
    for (auto& [id, result] : results_) co_await check_result(id, result);
    note_dead_letters();
  }
  /// Its results come only if others find its items, whatever lies between.
  task<> submit_only() {
    const int cancel_at = options_.cancels && ctx_.rank() == 0 ? static_cast<int>(random_.below(60)) : -1;
    for (int step = 0; step < options_.steps / 4; ++step) {
      if (step == cancel_at) queue_.cancel();
      const std::int64_t id = note_put();
      results_.emplace_back(id, queue_.submit(id, random_options()));
      if (random_.below(3) == 0) co_await sleep_for(std::chrono::microseconds(random_.below(200)));
    }
    for (auto& [id, result] : results_) co_await check_result(id, result);
    queue_.close();
    for (int ms = 0; !queue_.drained() && !queue_.cancelled(); ++ms) {
      if (ms == 1000) log_.wrong = "not drained a second after its results";
      if (ms == 1000) co_return;
      co_await sleep_for(std::chrono::milliseconds(1));
    }
    note_dead_letters();
  }
  void note_dead_letters() {
    for (auto& letter : queue_.take_dead_letters()) {
      ++log_.dead[letter.value];
      if (letter.attempts > options_.retries + 1) log_.wrong = "an item was tried too often";
    }
  }
  task<> consume() {
    while (auto next = co_await queue_.get()) co_await work_on(std::move(*next));
  }
  using held = queue::item_type;

  std::int64_t next_id() { return ctx_.rank() + std::int64_t{1000} * ++made_; }
  put_options random_options() {
    put_options how;
    if (random_.below(2) == 0) how.priority = static_cast<int>(random_.below(5)) - 2;
    if (random_.below(3) == 0) how.type = static_cast<unsigned>(random_.below(4));
    if (random_.below(4) == 0) how.rank = static_cast<int>(random_.below(static_cast<std::uint64_t>(ctx_.size())));
    if (random_.below(6) == 0) how.where = static_cast<placement>(random_.below(3));
    if (options_.only_submits != 0) how.where = placement::anywhere;  // somebody must be there to take it
    if (random_.below(6) == 0) how.delay = std::chrono::microseconds(random_.below(300));
    if (random_.below(10) == 0) how.is_long = true;
    return how;
  }
  std::int64_t note_put() {
    const std::int64_t id = next_id();
    ++log_.put[id];
    return id;
  }

  task<> one_step() {
    switch (random_.below(12)) {
      case 0:
      case 1:
        co_await queue_.put(note_put(), random_options());
        break;
      case 2: {
        std::vector<std::int64_t> some;
        for (std::uint64_t i = random_.below(12); i > 0; --i) some.push_back(note_put());
        co_await queue_.put(some.begin(), some.end());
        break;
      }
      case 3: {
        const std::int64_t id = note_put();
        results_.emplace_back(id, queue_.submit(id, random_options()));
        break;
      }
      case 4:
      case 5:
      case 6:
        if (auto next = queue_.try_get(); next) co_await work_on(std::move(*next));
        break;
      case 7:
      case 8:
        co_await get_briefly();
        break;
      case 9:
        if (options_.has_consumer) break;  // what others put for this rank may fill it
        away_ ? queue_.join() : queue_.leave();
        away_ = !away_;
        break;
      case 10:
        queue_.poll();
        break;
      default:
        co_await sleep_for(std::chrono::microseconds(random_.below(50)));
    }
  }
  task<> get_briefly() {
    std::optional<held> next;
    try {
      const type_set types =
          random_.below(3) == 0 ? type_set::only(static_cast<unsigned>(random_.below(4))) : type_set{};
      next = co_await with_timeout(queue_.get(types), std::chrono::microseconds(20 + random_.below(50)));
    } catch (const timed_out&) {
      co_return;
    }
    if (next) {
      co_await work_on(std::move(*next));
    } else if (!queue_.drained() && !queue_.cancelled()) {
      log_.wrong = "an empty get before the end";
    }
  }

  task<> work_on(held what) {
    if (random_.below(4) == 0) co_await sleep_for(std::chrono::microseconds(random_.below(30)));
    if (random_.below(5) == 0 && made_ < 200) co_await queue_.put(note_put(), random_options());
    if (queue_.drained()) log_.wrong = "drained while an item was held";
    const std::int64_t id = *what;
    switch (random_.below(10)) {
      case 0:
        ++log_.failed[id];
        what.fail("a fault of the program");
        break;
      case 1:
        ++log_.failed[id];
        try {
          const held dies = std::move(what);
          throw std::runtime_error("thrown");
        } catch (const std::runtime_error&) {
        }
        break;
      case 2:
        what.give_back();
        break;
      case 3: {
        const held moved = std::move(what);
        ++log_.done[id];  // let go without a word: done, but no result
        break;
      }
      default:
        ++log_.done[id];
        what.done(id * 3);
    }
  }
  task<> check_result(std::int64_t id, future<std::int64_t>& result) {
    try {
      if (co_await result != id * 3) log_.wrong = "a wrong result";
      ++log_.results;
    } catch (const item_failed&) {
      ++log_.results;
    } catch (const operation_cancelled&) {
      ++log_.cancelled_results;
      // A rank that has dropped the item may tell of it before rank 0 tells this one that it has cancelled the queue.
      if (!options_.cancels) log_.wrong = "a result was cancelled by nobody";
    }
  }

  context& ctx_;
  queue& queue_;
  program_options options_;
  program_log& log_;
  random_source random_;
  std::vector<std::pair<std::int64_t, future<std::int64_t>>> results_;
  std::int64_t made_ = 0;
  bool away_ = false;
};

}  // namespace

void program_log::merge(const program_log& other) {
  add(put, other.put);
  add(done, other.done);
  add(failed, other.failed);
  add(dead, other.dead);
  results += other.results;
  cancelled_results += other.cancelled_results;
  if (wrong.empty()) wrong = other.wrong;
}

std::string program_log::verdict(unsigned retries) const {
  if (!wrong.empty()) return wrong;
  for (const auto& [id, count] : put) {
    const std::string name = "item " + std::to_string(id);
    if (count != 1) return name + " was put more than once by the program itself";
    if (times(done, id) + times(dead, id) == 0) return name + " was lost";
    if (times(done, id) + times(dead, id) > 1) return name + " came to more than one end";
    const unsigned failures = static_cast<unsigned>(times(failed, id));
    if (times(dead, id) == 1 && failures != retries + 1)
      return name + " died after " + std::to_string(failures) + " failures";
    if (times(done, id) == 1 && failures > retries) return name + " was tried too often";
  }
  if (done.size() + dead.size() > put.size()) return "an item came out that nobody put";
  if (cancelled_results > 0) return "a result was cancelled";
  return {};
}

std::string program_log::verdict_cancelled() const {
  if (!wrong.empty()) return wrong;
  for (const auto& [id, count] : done) {
    if (count > 1) return "item " + std::to_string(id) + " was done twice";
    if (times(put, id) != 1) return "item " + std::to_string(id) + " came out, and nobody put it";
  }
  return {};
}

task<> run_program(context& ctx, queue& q, program_options options, program_log& log) {
  program one(ctx, q, options, log);
  co_await one.run();
}

}  // namespace weft::testing
