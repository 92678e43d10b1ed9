// SPDX-License-Identifier: BSL-1.0
// What the loop polls besides the transport's operations.
#include <cstddef>
#include <cstdint>

#include <weft/async/loop.hpp>

namespace weft {

namespace {

// A source that found nothing in so many polls is polled in every fourth turn only, until it finds something: the test
// that it costs would double the turn of a rank that waits for something else.
constexpr std::uint32_t quiet_after = 64;
constexpr std::uint32_t quiet_poll_every = 4;

}  // namespace

void loop::add_source(loop_source& source) { sources_.push_back({&source, 0}); }

void loop::remove_source(loop_source& source) noexcept {
  std::erase_if(sources_, [&source](const polled_source& s) { return s.source == &source; });
}

/// Calls `look(source)`, which tells what it has found, for each source that is due, until all were or `look` is
/// content.
template <class Look>
void loop::look_at_sources(Look&& look) {
  // By index: what a source runs may add or remove sources.
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    std::uint32_t& misses = sources_[i].misses;
    if (!wakes_exactly_ && misses >= quiet_after && ++misses % quiet_poll_every != 0) continue;
    const bool any = look(*sources_[i].source);
    if (i < sources_.size()) sources_[i].misses = any ? 0 : sources_[i].misses + (sources_[i].misses < quiet_after);
  }
}

found loop::poll_sources() {
  bool any = false;
  look_at_sources([&any](loop_source& source) {
    const bool here = source.poll();
    any |= here;
    return here;
  });
  return any ? found::something : found::nothing;
}

/// Of several answers the one that leaves most to do counts.
found loop::poll_and_run_sources() {
  found most = found::nothing;
  look_at_sources([&most](loop_source& source) {
    const found here = source.poll_and_run();
    if (here != found::nothing && most != found::something) most = here;
    return here != found::nothing;
  });
  return most;
}

/// Looks again and again for about a microsecond where that costs little, if the last turn has found something; between
/// the looks at the transport, whose operations may be all that this rank waits for.
found loop::wait_for_sources() {
  for (int looks = empty_turns_ == 0 ? patient_looks_ : 1;; --looks) {
    const found here = poll_and_run_sources();
    if (here != found::nothing || looks == 1) return here;
    if (reap(false)) return found::finished;
  }
}

bool loop::run_sources() {
  bool any = false;
  for (std::size_t i = 0; i < sources_.size(); ++i) any |= sources_[i].source->run();
  return any;
}

bool loop::flush_sources() {
  bool any = false;
  for (std::size_t i = sources_.size(); i-- > 0;) {
    if (i < sources_.size()) any |= sources_[i].source->flush();
  }
  return any;
}

}  // namespace weft
