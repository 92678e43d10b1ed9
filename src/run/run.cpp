// SPDX-License-Identifier: BSL-1.0
#include <weft/run/run.hpp>

#include <array>
#include <cstdlib>
#include <exception>

#include <weft/comm/communicator.hpp>
#include <weft/message/remote_function.hpp>
#include <weft/mpi/environment.hpp>
#include <weft/mpi/job.hpp>
#include <weft/posix/posix_host.hpp>

#include "run/simulated.hpp"

namespace weft {

int launcher_rank() {
  constexpr std::array names{"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};
  const posix::posix_host outside;
  for (const char* name : names) {
    if (const auto text = outside.variable(name)) return std::atoi(text->c_str());
  }
  return 0;
}

namespace detail {

namespace {

exit_code code_of(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const usage_error&) {
    return exit_code::usage;
  } catch (const environment_error&) {
    return exit_code::environment;
  } catch (...) {
    return exit_code::runtime_error;
  }
}

void say(host& outside, const std::string& text) { outside.write(output_stream::err, "weft: " + text + "\n"); }

/// What is wrong before the ranks have met is wrong on all of them: the first one says so.
int refuse(host& outside, std::exception_ptr error) {
  if (launcher_rank() == 0) say(outside, text_of(error));
  return static_cast<int>(code_of(error));
}

}  // namespace

int run_in(context& ctx, program& body) {
  int code = 0;
  try {
    code = body.call(ctx);
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    const std::string who = ctx.size() == 1 ? "" : "rank " + std::to_string(ctx.rank()) + ": ";
    say(ctx.loop().host(), who + text_of(error));
    if (ctx.size() == 1) return static_cast<int>(code_of(error));
    ctx.abort(static_cast<int>(code_of(error)));
  }
  if (code == 0 && ctx.loop().metrics().unseen_errors > 0) code = static_cast<int>(exit_code::runtime_error);
  return ctx.world().allreduce(code, maximum);
}

int run_program(int argc, char** argv, const std::vector<setting_text>& flags, program& body) {
  posix::posix_host outside;
  try {
    const config settings(environment_of(outside), flags);
    if (const auto asked = outside.variable("WEFT_SIM")) {
      return run_simulated(outside, *asked, {argv, argv + argc}, settings, body);
    }
    if (launcher_rank() == 0) {
      for (const std::string& warning : settings.warnings()) say(outside, warning);
    }
    mpi::environment mpi(argc, argv);
    context ctx(mpi::job_world(settings.values()), settings);
    if (ctx.size() > 1) ctx.run(verify_remote_functions(ctx));
    return run_in(ctx, body);
  } catch (...) {
    return refuse(outside, std::current_exception());
  }
}

}  // namespace detail
}  // namespace weft
