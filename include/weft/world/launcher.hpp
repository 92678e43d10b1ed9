// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace weft {

/// Ranks started by a running program, and connections between jobs: an optional part of `transport`. No world offers it yet; asking for it throws
/// `not_supported("launcher")`.
class launcher {
 public:
  virtual ~launcher() = default;
};

}  // namespace weft
