// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Mistakes that are planted on purpose, to learn whether the tests find them (docs/simulator.md, "What the seeds find"),
/// and marks of rare places, to learn whether the tests come there. Only in builds with WEFT_PLANTED_FAULTS; in all
/// others both are nothing, and no name of one is in the binary.
///
///     if (sums[0] == sums[1] && (sums == last_wave_ || WEFT_PLANTED("termination.one_count_is_enough")))
///     WEFT_REACHED("port.frame_waits_for_credit");
///     WEFT_CRASH_POINT("txn.promise_is_durable");
///
/// A fault is one condition or line, named `area.what_is_wrong`. The one that the environment names in WEFT_FAULT is
/// true for the whole process, all others are false. A crash point is a place where a process may be killed (SIGKILL) that
/// no test from outside would hit; WEFT_CRASH_AT=name:3 says at which, and at what time that it comes there.
#ifndef WEFT_PLANTED_FAULTS

#define WEFT_PLANTED(name) false
#define WEFT_REACHED(name) static_cast<void>(0)
#define WEFT_CRASH_POINT(name) static_cast<void>(0)

#else

#include <cstddef>
#include <cstdint>

#define WEFT_PLANTED(name) (::weft::planted::fault<name>::self.strikes())
#define WEFT_REACHED(name) (::weft::planted::mark<name>::self.reach())
#define WEFT_CRASH_POINT(name) (::weft::planted::crash_point<name>::self.pass())

namespace weft::planted {

template <std::size_t N>
struct text {
  char chars[N];
  consteval text(const char (&from)[N]) {
    for (std::size_t i = 0; i < N; ++i) chars[i] = from[i];
  }
};

/// One named place of the program; all of a kind form a list, in no order.
struct place {
  enum class kind : std::uint8_t { fault, mark, crash_point };
  /// Before `main`.
  place(kind what, const char* its_name) noexcept;
  place(const place&) = delete;
  place& operator=(const place&) = delete;

  bool strikes() noexcept {
    if (is_on) ++reached;
    return is_on;
  }
  void reach() noexcept { ++reached; }
  void pass() noexcept {
    if (is_on) crash_when_due();
  }

  const char* name;
  bool is_on = false;         ///< of a fault or a crash point: it is the one that was chosen
  std::uint64_t reached = 0;  ///< how often; of a fault that is on: how often it struck
  const place* next;

 private:
  void crash_when_due() noexcept;
};

const place* first(place::kind what) noexcept;
/// The name in WEFT_FAULT, nullptr if none is given.
const char* chosen() noexcept;

template <text Name>
struct fault {
  static inline place self{place::kind::fault, Name.chars};
};
template <text Name>
struct mark {
  static inline place self{place::kind::mark, Name.chars};
};
template <text Name>
struct crash_point {
  static inline place self{place::kind::crash_point, Name.chars};
};

}  // namespace weft::planted

#endif
