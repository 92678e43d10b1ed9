// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/core/config.hpp>
#include <weft/core/error.hpp>
#include <weft/port/context.hpp>

namespace weft {

/// The rank that the launcher gave this process, read from its variables (Open MPI, PMIx, PMI, Slurm), or 0: known
/// before MPI is initialised, so that only one rank says what a command line needs no MPI for.
int launcher_rank();

namespace detail {

/// A program as the part of `run` that is no template sees it.
class program {
 public:
  virtual int call(context& ctx) = 0;

 protected:
  ~program() = default;
};

/// Runs the program on this rank and agrees with the others on the exit code. Does not return if the program fails on
/// one of several ranks.
int run_in(context& ctx, program& body);

int run_program(int argc, char** argv, const std::vector<setting_text>& flags, program& body);

template <class F>
class program_of final : public program {
 public:
  program_of(F& call, int argc, char** argv) : call_(call), argc_(argc), argv_(argv) {}

  int call(context& ctx) override {
    if constexpr (std::is_invocable_v<F&, context&, int, char**>) {
      return finish(ctx, [&]() -> decltype(auto) { return call_(ctx, argc_, argv_); });
    } else {
      return finish(ctx, [&]() -> decltype(auto) { return call_(ctx); });
    }
  }

 private:
  template <class Start>
  static int finish(context& ctx, Start&& start) {
    using result = std::invoke_result_t<Start&>;
    if constexpr (std::is_void_v<result>) {
      start();
      return 0;
    } else if constexpr (std::is_same_v<result, int>) {
      return start();
    } else if constexpr (std::is_same_v<result, task<int>>) {
      return ctx.run(start());
    } else {
      static_assert(std::is_same_v<result, task<>>, "a program returns void, int, task<> or task<int>");
      ctx.run(start());
      return 0;
    }
  }

  F& call_;
  int argc_;
  char** argv_;
};

}  // namespace detail

/// Runs a program on every rank: `return weft::run(argc, argv, program);` in `main`. Collective.
///
/// `program(context&)` or `program(context&, argc, argv)` is a coroutine or a plain function and returns `void`, `int`,
/// `task<>` or `task<int>`. MPI is initialised before (unless the application has done it) and finalized after it (then
/// only by whoever initialised it). Returns the process's exit code: the largest that any rank's program returned, 1 if
/// an error was reported that nobody awaited. An exception that leaves the program on any rank ends the whole job at
/// once: its text goes to standard error with the rank, and the code follows its type (2 for `usage_error`, 6 for
/// `environment_error`, else 1). `flags` are settings from the command line; they win over the environment.
template <class Program>
int run(int argc, char** argv, Program&& program, const std::vector<setting_text>& flags = {}) {
  detail::program_of<std::remove_reference_t<Program>> body(program, argc, argv);
  return detail::run_program(argc, argv, flags, body);
}

}  // namespace weft
