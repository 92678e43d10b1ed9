// SPDX-License-Identifier: BSL-1.0
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <weft/core/error.hpp>
#include <weft/posix/spawn.hpp>

namespace weft::posix {
namespace {

[[noreturn]] void fail(const std::string& program, const std::string& step, int code) {
  throw world_error("cannot start '" + program + "': " + step + ": " + std::strerror(code), code);
}

/// Everything the child needs, made before the fork: between fork and exec nothing may be allocated.
struct exec_plan {
  std::vector<const char*> candidates;  ///< paths to try in turn
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* directory = nullptr;
  int standard[3] = {-1, -1, -1};
  pid_t parent = -1;
  // Written by the child: vfork shares memory, so the parent reads why it failed. Volatile, because the compiler knows
  // that nobody can read anything after _exit and would leave the stores out.
  const char* volatile failed_step = nullptr;
  volatile int failed_code = 0;
};

[[noreturn]] void give_up(exec_plan& plan, const char* step) noexcept {
  plan.failed_step = step;
  plan.failed_code = errno;
  ::_exit(127);
}

/// The vfork child. All signals are blocked; handlers of the parent must not run in this shared memory, so every action
/// is reset before the mask is emptied.
[[noreturn]] void become_program(exec_plan& plan) noexcept {
  struct sigaction standard_action {};
  standard_action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard_action, nullptr);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // it died before the line above
  for (int i = 0; i < 3; ++i)
    if (::dup2(plan.standard[i], i) < 0) give_up(plan, "redirect");
  close_all_from(3);
  if (plan.directory != nullptr && ::chdir(plan.directory) != 0) give_up(plan, "change directory");
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int worst = ENOENT;
  for (const char* path : plan.candidates) {
    ::execve(path, plan.argv.data(), plan.environment.data());
    if (errno == ENOENT || errno == ENOTDIR) continue;
    worst = errno;
    if (errno != EACCES) break;
  }
  errno = worst;
  give_up(plan, "execute");
}

/// vfork: the parent waits until exec, so start-up costs no copy of the page tables (a rank may map many gigabytes)
/// and the failure of exec is known at once. In a function of its own, because it returns twice.
[[gnu::noinline]] pid_t fork_program(exec_plan& plan) {
  sigset_t all, old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  const pid_t pid = ::vfork();
  if (pid == 0) become_program(plan);
  const int code = errno;
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  errno = code;
  return pid;
}

/// With 0, 1 or 2 closed in this process a new descriptor may take their place, and dup2 would then overwrite it.
file_descriptor above_standard(int number) {
  if (number < 0 || number > 2) return file_descriptor(number);
  file_descriptor low(number);
  return file_descriptor(::fcntl(number, F_DUPFD_CLOEXEC, 3));
}

struct stream_ends {
  file_descriptor child;   ///< what the child writes to
  file_descriptor parent;  ///< what we read; empty for a file
};

stream_ends open_stream(const std::string& program, const std::string& file) {
  stream_ends ends;
  if (!file.empty()) {
    ends.child = above_standard(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!ends.child) fail(program, "open '" + file + "'", errno);
    return ends;
  }
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) fail(program, "make a pipe", errno);
  ends.parent = above_standard(pipe[0]);
  ends.child = above_standard(pipe[1]);
  if (!ends.parent || !ends.child) fail(program, "make a pipe", errno);
  ::fcntl(ends.parent.get(), F_SETFL, O_NONBLOCK);
  return ends;
}

/// Standard input: the child's end is the reading one.
stream_ends open_input(const std::string& program, bool is_pipe) {
  stream_ends ends;
  if (!is_pipe) {
    ends.child = above_standard(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!ends.child) fail(program, "open '/dev/null'", errno);
    return ends;
  }
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) fail(program, "make a pipe", errno);
  ends.child = above_standard(pipe[0]);
  ends.parent = above_standard(pipe[1]);
  if (!ends.parent || !ends.child) fail(program, "make a pipe", errno);
  ::fcntl(ends.parent.get(), F_SETFL, O_NONBLOCK);
  return ends;
}

std::vector<std::string> search_paths(const std::string& name) {
  if (name.find('/') != std::string::npos) return {name};
  const char* variable = ::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  std::vector<std::string> paths;
  for (;;) {
    const auto colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    paths.push_back(std::string(directory.empty() ? "." : directory) + "/" + name);
    if (colon == std::string_view::npos) return paths;
    rest.remove_prefix(colon + 1);
  }
}

bool starts_with_any(std::string_view entry, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes)
    if (entry.starts_with(prefix)) return true;
  return false;
}

bool replaced(std::string_view entry, const std::vector<std::string>& additions) {
  const auto name = entry.substr(0, entry.find('=') + 1);
  for (const auto& addition : additions)
    if (std::string_view(addition).starts_with(name)) return true;
  return false;
}

// exec promises not to change what it is given; its type is only older than const.
char* exec_text(const std::string& text) { return const_cast<char*>(text.c_str()); }

std::vector<char*> child_environment(const child_program& program) {
  std::vector<char*> entries;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!starts_with_any(*entry, program.unset_prefixes) && !replaced(*entry, program.environment))
      entries.push_back(*entry);
  for (const auto& addition : program.environment) entries.push_back(exec_text(addition));
  entries.push_back(nullptr);
  return entries;
}

/// While SIGCHLD is ignored the kernel throws exit codes away. Nobody listens then, so nothing is taken from MPI.
void keep_exit_codes() noexcept {
  struct sigaction action {};
  ::sigaction(SIGCHLD, nullptr, &action);
  const bool ignored = (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
  if (!ignored && (action.sa_flags & SA_NOCLDWAIT) == 0) return;
  if (ignored) action.sa_handler = SIG_DFL;
  action.sa_flags &= ~SA_NOCLDWAIT;
  ::sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace

spawned spawn(const child_program& program) {
  if (program.argv.empty()) throw usage_error("cannot start a program without a name (argv is empty)");
  const std::string& name = program.argv.front();
  stream_ends in = open_input(name, program.has_input);
  stream_ends out = open_stream(name, program.output_file);
  stream_ends err;
  const bool one_file = !program.output_file.empty() && program.output_file == program.error_file;
  if (!one_file) err = open_stream(name, program.error_file);

  const std::vector<std::string> paths = search_paths(name);
  exec_plan plan;
  for (const auto& path : paths) plan.candidates.push_back(path.c_str());
  for (const auto& argument : program.argv) plan.argv.push_back(exec_text(argument));
  plan.argv.push_back(nullptr);
  plan.environment = child_environment(program);
  if (!program.directory.empty()) plan.directory = program.directory.c_str();
  plan.standard[0] = in.child.get();
  plan.standard[1] = out.child.get();
  plan.standard[2] = one_file ? out.child.get() : err.child.get();
  plan.parent = ::getpid();

  keep_exit_codes();
  spawned child;
  child.pid = fork_program(plan);
  if (child.pid < 0) fail(name, "fork", errno);
  if (plan.failed_step != nullptr) {
    while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    const bool in_directory = std::string_view(plan.failed_step) == "change directory";
    fail(name, in_directory ? "change directory to '" + program.directory + "'" : plan.failed_step, plan.failed_code);
  }
  // The child has done so itself before exec; where vfork is only fork (valgrind, ThreadSanitizer) it may not have yet,
  // and a kill of its group right now would miss it.
  ::setpgid(child.pid, child.pid);
  child.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));  // close-on-exec by definition
  child.output = std::move(out.parent);
  child.error = std::move(err.parent);
  child.input = std::move(in.parent);
  return child;
}

void close_all_from(int first) noexcept {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  close_listed_from(first);
}

void close_listed_from(int first) noexcept {
  // opendir allocates, which is not safe after fork: the bare system call with a buffer on the stack. Closing while
  // reading may skip entries, so it is repeated until a pass finds nothing.
  const int directory = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  alignas(dirent64) char buffer[4096];
  for (bool closed = true; closed;) {
    closed = false;
    ::lseek(directory, 0, SEEK_SET);
    long bytes = 0;
    while ((bytes = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
      for (long at = 0; at < bytes;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
        at += entry->d_reclen;
        const int number = std::atoi(entry->d_name);  // "." and ".." give 0
        if (number < first || number == directory) continue;
        ::close(number);
        closed = true;
      }
    }
  }
  ::close(directory);
}

}  // namespace weft::posix
