// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The one place where the version is written; CMake parses it.
#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0
#define WEFT_VERSION_STRING "0.1.0"
