// SPDX-License-Identifier: BSL-1.0
#include "terminal.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace weft::farm {
namespace {

std::string value(const host& outside, const char* name) { return outside.variable(name).value_or(""); }

bool has_colors(const host& outside) {
  if (!value(outside, "NO_COLOR").empty()) return false;
  const std::string forced = value(outside, "CLICOLOR_FORCE");
  if (!forced.empty()) return forced != "0";
  const bool launched = !outside.variable_names("OMPI_").empty() || !outside.variable_names("PMI").empty();
  return !launched && outside.is_terminal(output_stream::out) && value(outside, "TERM") != "dumb";
}

bool has_utf8(const host& outside) {
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // the first that is set rules
    if (locale.empty()) locale = value(outside, name);
  }
  std::transform(locale.begin(), locale.end(), locale.begin(), [](unsigned char c) { return std::tolower(c); });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

}  // namespace

terminal find_terminal(const host& outside) { return {has_colors(outside), has_utf8(outside)}; }

}  // namespace weft::farm
