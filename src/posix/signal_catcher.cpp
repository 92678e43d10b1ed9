// SPDX-License-Identifier: BSL-1.0
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <weft/core/error.hpp>
#include <weft/posix/signal_catcher.hpp>

namespace weft::posix {
namespace {

/// What the handler needs of one signal. Signal handlers have no argument of ours: the one unavoidable static.
struct slot {
  std::atomic<int> news{-1};
  std::atomic<bool> noted{false};
  std::atomic<int> handlers{0};  ///< running now, in any thread: `news` may be closed only when there is none
};
std::array<slot, NSIG> signal_slots;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void make_readable(int event) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);  // it fails when full, which is readable too
}

void note(int signal) {
  const int saved = errno;
  slot& mine = signal_slots[static_cast<std::size_t>(signal)];
  mine.handlers.fetch_add(1);
  mine.noted.store(true);
  const int news = mine.news.load();
  if (news >= 0) make_readable(news);
  mine.handlers.fetch_sub(1);
  errno = saved;
}

slot& slot_of(int signal) { return signal_slots[static_cast<std::size_t>(signal)]; }

void release(int signal, const struct sigaction& old_action) noexcept {
  ::sigaction(signal, &old_action, nullptr);
  slot& mine = slot_of(signal);
  const int news = mine.news.exchange(-1);
  while (mine.handlers.load() != 0) ::usleep(10);
  if (news >= 0) mine.noted.store(false);
}

}  // namespace

signal_catcher::signal_catcher() : news_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!news_) throw world_error(std::string("eventfd: ") + std::strerror(errno), errno);
}

signal_catcher::~signal_catcher() {
  for (const auto& w : watched_) release(w.signal, w.old_action);
}

void signal_catcher::add(int signal, void* token) {
  const auto same =
      std::find_if(watched_.begin(), watched_.end(), [&](const watched& w) { return w.signal == signal; });
  if (same != watched_.end()) {
    same->token = token;
    return;
  }
  if (signal <= 0 || signal >= NSIG) throw usage_error("there is no signal " + std::to_string(signal));
  if (signal == SIGCHLD) throw usage_error("SIGCHLD cannot be watched: children are reported by child_exit events");
  int nobody = -1;
  if (!slot_of(signal).news.compare_exchange_strong(nobody, news_.get()))
    throw usage_error("signal " + std::to_string(signal) + " is watched by another host of this process");
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  ::sigfillset(&action.sa_mask);
  watched_.push_back({signal, token, {}});
  if (::sigaction(signal, &action, &watched_.back().old_action) == 0) return;
  const int code = errno;
  watched_.pop_back();
  slot_of(signal).news.store(-1);
  throw world_error("cannot watch signal " + std::to_string(signal) + ": " + std::strerror(code), code);
}

void signal_catcher::remove(int signal) noexcept {
  const auto it = std::find_if(watched_.begin(), watched_.end(), [&](const watched& w) { return w.signal == signal; });
  if (it == watched_.end()) return;
  release(signal, it->old_action);
  watched_.erase(it);
}

bool signal_catcher::take(int& signal, void*& token) noexcept {
  // Emptied first, looked at afterwards: a signal that comes in between makes it readable again.
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(news_.get(), &count, sizeof count);
  bool found = false;
  for (const auto& w : watched_) {
    if (!slot_of(w.signal).noted.load()) continue;
    if (found) {  // more than one: stay readable
      make_readable(news_.get());
      break;
    }
    slot_of(w.signal).noted.store(false);
    signal = w.signal;
    token = w.token;
    found = true;
  }
  return found;
}

}  // namespace weft::posix
