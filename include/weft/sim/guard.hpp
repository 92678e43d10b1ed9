// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <weft/sim/engine.hpp>

namespace weft::sim {

/// The last call of a rank that names its place: where it stands. Called by a signal handler while the rank runs.
struct last_call {
  const char* what = "";
  const char* file = "";
  unsigned line = 0;
};
using find_last_call = last_call (*)(const endpoint& rank);

/// While it lives: a rank whose stack overflows is named, and so is one that computes for `limits::silence` of
/// processor time without a call of weft, which no other rank can survive. Both end the process. One at a time; takes
/// SIGSEGV, SIGBUS and SIGVTALRM, and gives them back.
class guard {
 public:
  guard(engine& watched, find_last_call find);
  ~guard();
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;

 private:
  struct saved;
  std::unique_ptr<saved> before_;
};

}  // namespace weft::sim
