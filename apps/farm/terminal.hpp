// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <weft/world/host.hpp>

namespace weft::farm {

/// What may be written to standard output beyond plain ASCII text.
struct terminal {
  bool color = false;  ///< ANSI sequences, 256 colours
  bool utf8 = false;   ///< block characters
};

/// Follows the variables that users know: NO_COLOR, CLICOLOR_FORCE, TERM, and the locale's. Under `mpirun` standard
/// output is a pseudo-terminal even when it ends in a file, so that alone proves nothing: there colours need
/// CLICOLOR_FORCE, which `scripts/run` sets when its own output is a terminal.
terminal find_terminal(const host& outside);

}  // namespace weft::farm
