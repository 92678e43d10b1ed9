// SPDX-License-Identifier: BSL-1.0
#include <weft/core/planted_fault.hpp>

#ifdef WEFT_PLANTED_FAULTS

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace weft::planted {

namespace {

constinit const place* newest[3] = {};

const place*& list_of(place::kind what) noexcept { return newest[static_cast<int>(what)]; }

/// "name:3" in the environment.
struct crash {
  std::string_view name;
  std::uint64_t pass = 1;
};
crash chosen_crash() noexcept {
  const char* wanted = std::getenv("WEFT_CRASH_AT");
  if (wanted == nullptr) return {};
  const std::string_view all = wanted;
  const std::size_t colon = all.find(':');
  if (colon == std::string_view::npos) return {all, 1};
  return {all.substr(0, colon), std::strtoull(wanted + colon + 1, nullptr, 10)};
}

bool is_chosen(place::kind what, const char* name) noexcept {
  if (what == place::kind::crash_point) return chosen_crash().name == name;
  return what == place::kind::fault && chosen() != nullptr && std::strcmp(chosen(), name) == 0;
}

}  // namespace

place::place(kind what, const char* its_name) noexcept : name(its_name), next(list_of(what)) {
  is_on = is_chosen(what, name);
  list_of(what) = this;
}

void place::crash_when_due() noexcept {
  if (++reached == chosen_crash().pass) std::raise(SIGKILL);
}

const place* first(place::kind what) noexcept { return list_of(what); }

const char* chosen() noexcept { return std::getenv("WEFT_FAULT"); }

}  // namespace weft::planted

#endif
