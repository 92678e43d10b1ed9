// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/world/storage.hpp>

#include "task.hpp"

namespace weft::farm {

/// A parameter of a template and the values that it takes in turn.
struct parameter {
  std::string name;
  std::vector<std::string> values;
};

/// Reads "x=1,2,3" or "y=@FILE" (one value per line of the file; blank lines are none). Throws `usage_error`.
parameter parse_parameter(std::string_view text, storage& files);

/// One task for each combination of values, the last parameter changing fastest; ids count from 1. In the command,
/// `{name}` stands for the parameter's value, quoted for the shell where it holds more than letters, digits and
/// `_./:=@%+,-`. A `{` behind `$`, and braces around anything else, stay as they are. Throws `usage_error` for a
/// parameter that the command does not use or that is given twice, and for more than 100 million combinations.
std::vector<task> expand(const std::string& command, const std::vector<parameter>& parameters);

}  // namespace weft::farm
