// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace weft {

/// Whether peers are busy, stopped or dead: an optional part of `transport`. No world offers it yet; asking for it throws
/// `not_supported("liveness")`.
class liveness {
 public:
  virtual ~liveness() = default;
};

}  // namespace weft
