// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>

namespace weft {

/// Ready when `descriptor` can be read (data, end of file, error). One wait per descriptor at a time; the caller keeps
/// the descriptor open until then. Withdrawn when dropped.
future<void> readable(loop& on, int descriptor, source_location where = source_location::current());
future<void> writable(loop& on, int descriptor, source_location where = source_location::current());

}  // namespace weft
