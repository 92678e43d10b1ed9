// SPDX-License-Identifier: BSL-1.0
#include <weft/core/planted_fault.hpp>

#ifdef WEFT_PLANTED_FAULTS

#include <cstdlib>
#include <cstring>

namespace weft::planted {

namespace {

constinit const place* newest[2] = {};

const place*& list_of(place::kind what) noexcept { return newest[what == place::kind::fault ? 0 : 1]; }

}  // namespace

place::place(kind what, const char* its_name) noexcept : name(its_name), next(list_of(what)) {
  const char* wanted = what == kind::fault ? chosen() : nullptr;
  is_on = wanted != nullptr && std::strcmp(wanted, name) == 0;
  list_of(what) = this;
}

const place* first(place::kind what) noexcept { return list_of(what); }

const char* chosen() noexcept { return std::getenv("WEFT_FAULT"); }

}  // namespace weft::planted

#endif
