// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/async/task.hpp>
#include <weft/core/error.hpp>
#include <weft/port/context.hpp>

namespace weft::farm {

/// Rank 0 prepares something that may turn out impossible; then every rank has to leave with the same exit code, and
/// one of them says why. `prepare()` runs on rank 0 only. Collective; the exit code on every rank, 0 when it worked.
template <class Prepare>
weft::task<int> prepare_on_rank_0(context& ctx, Prepare& prepare) {
  int code = 0;
  if (ctx.rank() == 0) {
    try {
      prepare();
    } catch (const usage_error& wrong) {
      ctx.host().write(output_stream::err, std::string("weft-farm: ") + wrong.what() + "\n");
      code = static_cast<int>(exit_code::usage);
    }
  }
  co_return co_await ctx.world().ibcast(code, 0);
}

}  // namespace weft::farm
