// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/async/loop.hpp>
#include <weft/async/task.hpp>
#include <weft/world/storage.hpp>

namespace weft::farm {

/// Has a file of the shared name space, and its name, forced to disk. Throws `error`.
weft::task<> force_file(loop& on, std::string path);

/// Waits until nobody holds a lock on the file, at most until `deadline`; true if it is free. A file that is missing,
/// or on a file system without locks, is.
weft::task<bool> wait_until_unlocked(loop& on, std::string path, time_point deadline);

}  // namespace weft::farm
