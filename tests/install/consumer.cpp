// SPDX-License-Identifier: BSL-1.0
// A program of somebody who uses weft from outside; built against the installed package and against the source tree.
#include <cstdio>
#include <cstring>

#include <weft/core/error.hpp>
#include <weft/version.hpp>

int main() {
  const weft::not_supported error("window");
  if (std::strstr(error.what(), "window") == nullptr) return 1;
  std::printf("consumer of weft %s\n", WEFT_VERSION_STRING);
}
