// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <weft/sim/engine.hpp>

namespace weft::sim {

/// While it lives: a rank whose stack overflows is named, and so is one that computes for ten seconds of processor time
/// without a call of weft, which no other rank can survive. Both end the process. One at a time; takes SIGSEGV, SIGBUS
/// and SIGVTALRM, and gives them back.
class guard {
 public:
  explicit guard(engine& watched);
  ~guard();
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;

 private:
  struct saved;
  std::unique_ptr<saved> before_;
};

}  // namespace weft::sim
