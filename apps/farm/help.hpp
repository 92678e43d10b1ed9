// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace weft::farm {

/// The end of `weft-farm --help`: enough to run, interrupt, resume and read a batch.
std::string help_text();

}  // namespace weft::farm
