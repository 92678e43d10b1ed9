// SPDX-License-Identifier: BSL-1.0
#include <weft/core/error.hpp>

#if SECTION == 0
weft::error good() { return weft::error("cause"); }
#elif SECTION == 1
// An error without a cause helps nobody.
// expect: no matching (function|constructor)
weft::error without_text() { return weft::error(); }
#elif SECTION == 2
// A text alone is no error: the conversion must be spelled out.
// expect: could not convert|no viable conversion
weft::error implicit() { return std::string("cause"); }
#endif
