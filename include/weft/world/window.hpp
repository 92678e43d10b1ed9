// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace weft {

/// Shared and one-sided memory: an optional part of `transport`. No world offers it yet; asking for it throws
/// `not_supported("window")`.
class window {
 public:
  virtual ~window() = default;
};

}  // namespace weft
