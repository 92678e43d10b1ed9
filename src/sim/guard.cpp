// SPDX-License-Identifier: BSL-1.0
#include <weft/sim/guard.hpp>

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <weft/core/error.hpp>

namespace weft::sim {

namespace {

constexpr int ticks_of_silence = 10;
constexpr std::size_t signal_stack_bytes = 64 * 1024;

// Signal handlers reach nothing else. Only one simulation runs at a time in a process.
std::atomic<engine*> watched_engine{nullptr};
std::uint64_t calls_at_last_tick = 0;
const endpoint* rank_at_last_tick = nullptr;
int ticks_without_call = 0;
find_last_call find_call = nullptr;

void say_and_exit(const char* text, int length, exit_code code) {
  if (length > 0 && ::write(STDERR_FILENO, text, static_cast<std::size_t>(length)) < 0) _exit(1);
  _exit(static_cast<int>(code));
}

void on_fault(int signal, siginfo_t* info, void*) {
  engine* const on = watched_engine.load(std::memory_order_relaxed);
  const endpoint* const rank = on != nullptr ? on->overflowed(info->si_addr) : nullptr;
  if (rank != nullptr) {
    char text[200];
    const int length = std::snprintf(text, sizeof text,
                                     "weft: simulator: the stack of rank %d (%zu KiB) has overflowed; give it more: "
                                     "WEFT_SIM=...,stack=<KiB>\n",
                                     rank->rank, on->options().limits.stack_bytes / 1024);
    say_and_exit(text, length, exit_code::runtime_error);
  }
  std::signal(signal, SIG_DFL);  // anything else: as without us, when the instruction is tried again
}

void on_tick(int) {
  engine* const on = watched_engine.load(std::memory_order_relaxed);
  const endpoint* const rank = on != nullptr ? on->current() : nullptr;
  if (rank == nullptr || rank != rank_at_last_tick || rank->calls != calls_at_last_tick) {
    rank_at_last_tick = rank;
    calls_at_last_tick = rank != nullptr ? rank->calls : 0;
    ticks_without_call = 0;
    return;
  }
  if (++ticks_without_call < ticks_of_silence) return;
  const last_call last = find_call(*rank);
  char text[1024];
  const int length =
      std::snprintf(text, sizeof text,
                    "weft: simulator: rank %d has computed for %lld ms without a call of weft, and no other rank "
                    "can run meanwhile; its last call: %s (%s:%u), which ended in the simulator's %s\n",
                    rank->rank, static_cast<long long>(on->options().limits.silence.count() / 1'000'000), last.what,
                    last.file, last.line, rank->last_call);
  say_and_exit(text, length, exit_code::hang);
}

}  // namespace

struct guard::saved {
  struct sigaction fault, bus, tick;
  stack_t stack;
  itimerval timer;
  std::vector<char> memory = std::vector<char>(signal_stack_bytes);
};

guard::guard(engine& watched, find_last_call find) : before_(std::make_unique<saved>()) {
  engine* none = nullptr;
  if (!watched_engine.compare_exchange_strong(none, &watched)) {
    throw usage_error("two simulations at a time in one process");
  }
  rank_at_last_tick = nullptr;
  find_call = find;
  stack_t mine{};
  mine.ss_sp = before_->memory.data();
  mine.ss_size = before_->memory.size();
  sigaltstack(&mine, &before_->stack);
  struct sigaction fault {};
  fault.sa_sigaction = on_fault;
  fault.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &fault, &before_->fault);
  sigaction(SIGBUS, &fault, &before_->bus);
  struct sigaction tick {};
  tick.sa_handler = on_tick;
  tick.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGVTALRM, &tick, &before_->tick);
  const auto period = std::max<std::int64_t>(watched.options().limits.silence.count() / 1000 / ticks_of_silence, 1000);
  const timeval tick_period{static_cast<time_t>(period / 1'000'000), static_cast<suseconds_t>(period % 1'000'000)};
  const itimerval every_tick{tick_period, tick_period};
  setitimer(ITIMER_VIRTUAL, &every_tick, &before_->timer);
}

guard::~guard() {
  setitimer(ITIMER_VIRTUAL, &before_->timer, nullptr);
  sigaction(SIGVTALRM, &before_->tick, nullptr);
  sigaction(SIGBUS, &before_->bus, nullptr);
  sigaction(SIGSEGV, &before_->fault, nullptr);
  sigaltstack(&before_->stack, nullptr);
  watched_engine.store(nullptr);
}

}  // namespace weft::sim
