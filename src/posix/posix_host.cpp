// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <weft/core/error.hpp>
#include <weft/posix/machine.hpp>
#include <weft/posix/posix_host.hpp>

namespace weft::posix {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

enum class source : std::uint32_t { wake, signals, child_exit, child_out, child_err, child_in, descriptor };

std::uint64_t make_tag(source from, std::uint32_t number) { return static_cast<std::uint64_t>(from) << 32 | number; }

[[noreturn]] void fail(const char* what, int code) {
  throw world_error(std::string(what) + ": " + std::strerror(code), code);
}

file_descriptor& pipe_of(spawned& process, output_stream stream) {
  return stream == output_stream::out ? process.output : process.error;
}

int number_of(output_stream stream) { return stream == output_stream::out ? STDOUT_FILENO : STDERR_FILENO; }

/// P_PIDFD is not needed: a child that is not reaped keeps its number.
bool is_zombie(pid_t pid) noexcept {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return errno == ECHILD;
  return info.si_pid == pid;
}

/// Kills the group of a child that nobody will hear of, and reaps it.
void end_now(pid_t pid) noexcept {
  ::kill(-pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

/// The caller's array and the output buffer, being filled by one poll.
class posix_host::batch {
 public:
  batch(std::span<host_event> out, std::byte* buffer)
      : out_(out), free_(buffer, buffer == nullptr ? 0 : buffer_bytes) {}

  bool full() const noexcept { return count_ == out_.size(); }
  std::size_t count() const noexcept { return count_; }
  std::span<std::byte> room() const noexcept { return free_; }
  host_event& add(host_event::kind what, void* token) noexcept {
    host_event& event = out_[count_++];
    event = host_event{};
    event.what = what;
    event.token = token;
    return event;
  }
  std::span<const std::byte> take_room(std::size_t bytes) noexcept {
    const auto taken = free_.first(bytes);
    free_ = free_.subspan(bytes);
    return taken;
  }

 private:
  std::span<host_event> out_;
  std::span<std::byte> free_;
  std::size_t count_ = 0;
};

posix_host::posix_host(posix_host_options options)
    : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_ || !wake_) fail("epoll or eventfd", errno);
  add_to_epoll(wake_.get(), EPOLLIN, make_tag(source::wake, 0));
}

posix_host::~posix_host() { end_all_children(); }

void posix_host::add_to_epoll(int descriptor, unsigned events, std::uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0) return;
  if (errno == EEXIST && ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) == 0) return;
  fail("cannot watch the descriptor", errno);
}

// --- child processes -------------------------------------------------------------------------------------------------

child_id posix_host::start(const child_program& program, void* token) {
  reap_abandoned();
  if (buffer_ == nullptr) buffer_ = std::make_unique<std::byte[]>(buffer_bytes);
  const std::uint32_t number = ++last_child_;
  child& c = children_[number];
  c.token = token;
  try {
    c.process = spawn(program);
    c.input = child_input(std::move(c.process.input));
    if (!options_.use_pidfd) c.process.pidfd.reset();
    options_.use_pidfd = static_cast<bool>(c.process.pidfd);
    if (c.process.pidfd) add_to_epoll(c.process.pidfd.get(), EPOLLIN, make_tag(source::child_exit, number));
    if (c.process.output) add_to_epoll(c.process.output.get(), EPOLLIN, make_tag(source::child_out, number));
    if (c.process.error) add_to_epoll(c.process.error.get(), EPOLLIN, make_tag(source::child_err, number));
  } catch (...) {
    if (c.process.pid > 0) end_now(c.process.pid);
    children_.erase(number);
    throw;
  }
  return child_id{number};
}

bool posix_host::kill(child_id id, int signal) {
  const auto it = children_.find(static_cast<std::uint32_t>(id));
  if (it == children_.end() || it->second.ended) return false;
  return ::kill(-it->second.process.pid, signal) == 0;
}

void posix_host::abandon(child_id id) {
  reap_abandoned();
  const auto it = children_.find(static_cast<std::uint32_t>(id));
  if (it == children_.end()) return;
  const pid_t pid = it->second.process.pid;
  ::kill(-pid, SIGKILL);
  abandoned_.push_back(pid);
  children_.erase(it);
}

bool posix_host::give(child_id id, std::span<const std::byte> bytes) {
  const auto it = children_.find(static_cast<std::uint32_t>(id));
  if (it == children_.end()) return false;
  const bool is_taken = it->second.input.give(bytes);
  watch_input(id, it->second);
  return is_taken;
}

void posix_host::end_input(child_id id) {
  const auto it = children_.find(static_cast<std::uint32_t>(id));
  if (it != children_.end()) it->second.input.end();
}

/// One announcement, asked for again while something is left.
void posix_host::watch_input(child_id id, const child& c) {
  if (!c.input.waits()) return;
  add_to_epoll(c.input.descriptor(), EPOLLOUT | EPOLLONESHOT,
               make_tag(source::child_in, static_cast<std::uint32_t>(id)));
}

void posix_host::reap_abandoned() noexcept {
  const auto reaped = [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; };  // or reaped by others: -1
  abandoned_.erase(std::remove_if(abandoned_.begin(), abandoned_.end(), reaped), abandoned_.end());
}

bool posix_host::read_stream(child_id id, child& c, output_stream stream, batch& news) {
  file_descriptor& pipe = pipe_of(c.process, stream);
  std::size_t& left = c.left_to_read[static_cast<int>(stream)];
  while (pipe) {
    if (c.ended && left == 0) return true;
    if (news.full() || news.room().empty()) return false;
    std::span<std::byte> room = news.room();
    if (c.ended) room = room.first(std::min(room.size(), left));
    const ssize_t got = ::read(pipe.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {  // the end: closing takes it out of the epoll set
      pipe.reset();
      return true;
    }
    if (c.ended) left -= static_cast<std::size_t>(got);
    host_event& event = news.add(host_event::kind::child_output, c.token);
    event.stream = stream;
    event.child = id;
    event.data = news.take_room(static_cast<std::size_t>(got));
    if (!c.ended) return false;  // one piece per poll and stream: a chatty child does not starve the others
  }
  return true;
}

bool posix_host::has_ended(child& c) const {
  if (c.ended) return true;
  if (!is_zombie(c.process.pid)) return false;
  c.ended = true;
  // The zombie still holds the group's number, so this cannot hit a stranger.
  ::kill(-c.process.pid, SIGKILL);
  // What it wrote is in the pipes now. A process that left the group may hold them open and write for ever.
  for (const auto stream : {output_stream::out, output_stream::err}) {
    const int capacity = ::fcntl(pipe_of(c.process, stream).get(), F_GETPIPE_SZ);
    c.left_to_read[static_cast<int>(stream)] = capacity > 0 ? static_cast<std::size_t>(capacity) : 0;
  }
  return true;
}

void posix_host::look_for_exit(child_id id, batch& news) {
  const auto it = children_.find(static_cast<std::uint32_t>(id));
  if (it == children_.end() || !has_ended(it->second)) return;
  child& c = it->second;
  if (!read_stream(id, c, output_stream::out, news) || !read_stream(id, c, output_stream::err, news)) return;
  if (news.full()) return;
  host_event& event = news.add(host_event::kind::child_exit, c.token);
  event.child = id;
  siginfo_t info{};
  const bool reaped = ::waitid(P_PID, static_cast<id_t>(c.process.pid), &info, WEXITED | WNOHANG) == 0;
  if (reaped && info.si_pid == c.process.pid) {
    if (info.si_code == CLD_EXITED) event.exit_code = info.si_status;
    if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) event.signal = info.si_status;
    event.core_dumped = info.si_code == CLD_DUMPED;
  }
  children_.erase(it);
}

bool posix_host::all_ended_within(std::chrono::milliseconds time) noexcept {
  const auto deadline = std::chrono::steady_clock::now() + time;
  for (;;) {
    const bool all = std::all_of(children_.begin(), children_.end(),
                                 [](const auto& entry) { return is_zombie(entry.second.process.pid); });
    reap_abandoned();
    if (all && abandoned_.empty()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    ::usleep(1000);
  }
}

void posix_host::end_all_children() noexcept {
  if (children_.empty() && abandoned_.empty()) return;
  const auto signal_all = [&](int number) {
    for (const auto& entry : children_) ::kill(-entry.second.process.pid, number);
  };
  for (auto& entry : children_) entry.second.input.close();  // whoever reads there ends by itself
  signal_all(SIGTERM);
  signal_all(SIGCONT);  // a stopped process would not notice
  all_ended_within(options_.grace);
  signal_all(SIGKILL);  // also what the leaders have left behind
  all_ended_within(options_.grace);
  for (const auto& entry : children_) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(entry.second.process.pid), &info, WEXITED | WNOHANG);
  }
}

// --- signals and descriptors -----------------------------------------------------------------------------------------

void posix_host::watch_signal(int signal, void* token) {
  if (!signals_added_) add_to_epoll(signals_.fd(), EPOLLIN, make_tag(source::signals, 0));
  signals_added_ = true;
  signals_.add(signal, token);
}

void posix_host::unwatch_signal(int signal) { signals_.remove(signal); }

void posix_host::watch_descriptor(int descriptor, bool readable, bool writable, void* token) {
  const unsigned events = (readable ? unsigned{EPOLLIN} : 0U) | (writable ? unsigned{EPOLLOUT} : 0U);
  add_to_epoll(descriptor, events, make_tag(source::descriptor, static_cast<std::uint32_t>(descriptor)));
  descriptors_[descriptor] = {readable, writable, token};
}

void posix_host::unwatch_descriptor(int descriptor) {
  if (descriptors_.erase(descriptor) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void posix_host::handle_signals(batch& news) {
  int signal = 0;
  void* token = nullptr;
  while (!news.full() && signals_.take(signal, token)) news.add(host_event::kind::signal, token).signal = signal;
}

void posix_host::handle_descriptor(int descriptor, unsigned events, batch& news) {
  const auto it = descriptors_.find(descriptor);
  if (it == descriptors_.end()) return;
  const descriptor_watch& watch = it->second;
  // Errors and hang-ups are news for whichever side is watched: the read or write will tell.
  const unsigned broken = EPOLLERR | EPOLLHUP;
  if (watch.readable && (events & (EPOLLIN | broken)) != 0 && !news.full())
    news.add(host_event::kind::readable, watch.token).descriptor = descriptor;
  if (watch.writable && (events & (EPOLLOUT | broken)) != 0 && !news.full())
    news.add(host_event::kind::writable, watch.token).descriptor = descriptor;
}

// --- news ------------------------------------------------------------------------------------------------------------

void posix_host::handle(std::uint64_t tag, unsigned events, batch& news) {
  const auto number = static_cast<std::uint32_t>(tag);
  const auto from = static_cast<source>(tag >> 32);
  if (from == source::wake) return;  // stays readable until clear_wake
  if (from == source::signals) return handle_signals(news);
  if (from == source::descriptor) return handle_descriptor(static_cast<int>(number), events, news);
  if (from == source::child_exit) return look_for_exit(child_id{number}, news);
  const auto it = children_.find(number);
  if (it == children_.end()) return;
  if (from == source::child_in) {
    it->second.input.write_more();
    return watch_input(child_id{number}, it->second);
  }
  read_stream(child_id{number}, it->second, from == source::child_out ? output_stream::out : output_stream::err, news);
}

std::size_t posix_host::poll(std::span<host_event> out) {
  if (!watching() || out.empty()) return 0;
  batch news(out, buffer_.get());
  std::array<epoll_event, 32> ready;
  const int count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count && !news.full(); ++i)
    handle(ready[static_cast<std::size_t>(i)].data.u64, ready[static_cast<std::size_t>(i)].events, news);
  if (options_.use_pidfd) return news.count();
  std::vector<std::uint32_t> numbers;  // looking for an exit may remove the child
  for (const auto& entry : children_) numbers.push_back(entry.first);
  for (const auto number : numbers) look_for_exit(child_id{number}, news);
  return news.count();
}

void posix_host::wake() noexcept {
  if (state_.exchange(awake_state::woken) != awake_state::sleeping) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

bool posix_host::prepare_sleep() noexcept {
  auto expected = awake_state::awake;
  slept_ = state_.compare_exchange_strong(expected, awake_state::sleeping) || slept_;
  return expected != awake_state::woken;
}

void posix_host::clear_wake() noexcept {
  // An exchange, not a load and a store: it orders our next look at the posted work after every wake it swallows.
  if (state_.exchange(awake_state::awake) == awake_state::woken && slept_) ++owed_wakes_;
  slept_ = false;
  if (owed_wakes_ == 0) return;
  std::uint64_t count = 0;
  if (::read(wake_.get(), &count, sizeof count) == sizeof count) owed_wakes_ -= count;
}

// --- settings, facts, output -----------------------------------------------------------------------------------------

std::optional<std::string> posix_host::variable(std::string_view name) const {
  const char* value = ::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::vector<std::string> posix_host::variable_names(std::string_view prefix) const {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(prefix)) names.emplace_back(text.substr(0, text.find('=')));
  }
  std::sort(names.begin(), names.end());
  return names;
}

cpu_facts posix_host::cpus() const { return read_cpus(); }
node_facts posix_host::node() const { return read_node(); }
std::optional<time_point> posix_host::allocation_end() const { return read_allocation_end(); }

wall_time posix_host::wall_now() const {
  return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
}

void posix_host::entropy(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno != EINTR) fail("getrandom", errno);
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
}

void posix_host::write(output_stream stream, std::string_view text) {
  const int descriptor = number_of(stream);
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {  // somebody made it nonblocking; losing half a line would be worse than waiting
      pollfd ready{descriptor, POLLOUT, 0};
      ::poll(&ready, 1, 100);
      continue;
    }
    if (stream == output_stream::err) return;
    fail("cannot write to standard output", errno);
  }
}

bool posix_host::is_terminal(output_stream stream) const { return ::isatty(number_of(stream)) == 1; }

}  // namespace weft::posix
