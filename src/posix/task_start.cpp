// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <weft/core/error.hpp>
#include <weft/posix/task_start.hpp>

namespace weft::posix {
namespace {

constexpr std::string_view own_prefix = "WEFT_TASK_";

/// What the vfork child needs: between fork and exec nothing may be allocated.
struct shell_plan {
  std::array<char*, 4> argv;
  char* const* environment;
  const char* directory;
  std::array<int, 3> standard;
  pid_t parent;
  const char* volatile failed_step = nullptr;  // written by the child, whose memory is the parent's
  volatile int failed_code = 0;
};

[[noreturn]] void leave_shell(shell_plan& plan, const char* step) noexcept {
  plan.failed_code = errno;
  plan.failed_step = step;
  ::_exit(127);
}

[[noreturn]] void become_shell(shell_plan& plan) noexcept {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);
  for (int i = 0; i < 3; ++i)
    if (::dup2(plan.standard[static_cast<std::size_t>(i)], i) < 0) leave_shell(plan, "redirect");
  if (plan.directory != nullptr && ::chdir(plan.directory) != 0) leave_shell(plan, "change directory");
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.argv[0], plan.argv.data(), plan.environment);
  leave_shell(plan, "start the shell");
}

[[gnu::noinline]] pid_t fork_shell(shell_plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) become_shell(plan);
  return pid;
}

[[noreturn]] void cannot_start_task(const std::string& what, int code) {
  throw world_error("cannot " + what + ": " + std::strerror(code), code);
}

/// Both ends are above the standard descriptors, which are all open.
void make_output_pipe(file_descriptor& reading, file_descriptor& writing) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) cannot_start_task("make a pipe", errno);
  reading.reset(ends[0]);
  writing.reset(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

char* exec_argument(const std::string& text) { return const_cast<char*>(text.c_str()); }  // exec does not change it

bool has_name_of(std::string_view entry, const std::vector<std::string>& variables) {
  const std::string_view name = entry.substr(0, entry.find('=') + 1);
  return std::any_of(variables.begin(), variables.end(),
                     [&](const std::string& v) { return std::string_view(v).substr(0, name.size()) == name; });
}

}  // namespace

task_starter::task_starter(int rank)
    : rank_(std::to_string(rank)), nothing_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  if (!nothing_) cannot_start_task("open '/dev/null'", errno);
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with(own_prefix)) inherited_.push_back(*entry);
}

std::vector<char*> task_starter::environment_for(const supervised_task& task) {
  std::vector<char*> entries;
  entries.reserve(inherited_.size() + own_.size() + task.variables.size() + 1);
  for (char* entry : inherited_)
    if (task.variables.empty() || !has_name_of(entry, task.variables)) entries.push_back(entry);
  for (const std::string& variable : own_) entries.push_back(exec_argument(variable));
  for (const std::string& variable : task.variables) entries.push_back(exec_argument(variable));
  entries.push_back(nullptr);
  return entries;
}

started_task task_starter::start(const supervised_task& task, int slot) {
  const std::string id = std::to_string(task.id);
  own_ = {"WEFT_TASK_ID=" + id, "WEFT_TASK_LINE=" + id, "WEFT_TASK_ATTEMPT=" + std::to_string(task.attempt),
          "WEFT_TASK_RANK=" + rank_, "WEFT_TASK_SLOT=" + std::to_string(slot)};
  const std::vector<char*> environment = environment_for(task);
  static const std::string shell = "/bin/sh";
  static const std::string flag = "-c";

  started_task started;
  file_descriptor output;
  file_descriptor error;
  make_output_pipe(started.output, output);
  make_output_pipe(started.error, error);
  shell_plan plan;
  plan.argv = {exec_argument(shell), exec_argument(flag), exec_argument(task.command), nullptr};
  plan.environment = environment.data();
  plan.directory = task.directory.empty() ? nullptr : task.directory.c_str();
  plan.standard = {nothing_.get(), output.get(), error.get()};
  plan.parent = ::getpid();
  started.pid = fork_shell(plan);
  if (started.pid < 0) cannot_start_task("fork", errno);
  if (plan.failed_step == nullptr) return started;
  while (::waitpid(started.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  std::string step = plan.failed_step;
  if (step == "change directory") step += " to '" + task.directory + "'";
  cannot_start_task(step, plan.failed_code);
}

}  // namespace weft::posix
