// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/communicator.hpp>

#include <weft/comm/errors.hpp>

namespace weft {
namespace {

/// Makes a communicator: `dup`, or `split` by colour and key.
struct make_body {
  static constexpr const char* name = "split";
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::park;
  enum class way : std::uint8_t { dup, split };

  make_body(loop& loop_of_rank, way how, int with_colour, int with_key)
      : on(loop_of_rank), made_by(how), colour(with_colour), key(with_key) {}
  op_number start(int, transport& t, comm_id parent, void* token, completion& now) {
    return made_by == way::dup ? t.dup(parent, token, now) : t.split(parent, colour, key, token, now);
  }
  communicator finish(const completion& result) {
    if (result.bytes == transport::no_comm) return {};
    return communicator::owning(on, static_cast<comm_id>(result.bytes));
  }
  loop& on;
  way made_by;
  int colour;
  int key;
};

}  // namespace

std::optional<message_status> communicator::iprobe(int source, int tag, source_location where) {
  if (source < any_source || source >= size() || tag < any_tag)
    detail::throw_bad_target("iprobe", *state_, source, tag, where);
  on().note_call("iprobe", where);
  matched_message found;
  if (!state_->matching.iprobe(source, tag, found)) return std::nullopt;
  return message_status{found.source, found.tag, found.bytes};
}

message_status communicator::probe(int source, int tag, source_location where) {
  refuse_in_loop("communicator::probe()", where);
  for (;;) {
    if (auto found = iprobe(source, tag, where)) return *found;
    on().turn();
  }
}

future<communicator> communicator::idup(source_location where) {
  return detail::start_collective<communicator, make_body>(*state_, where, on(), make_body::way::dup, 0, 0);
}

communicator communicator::dup(source_location where) {
  refuse_in_loop("communicator::dup()", where);
  return finish(idup(where), where);
}

future<communicator> communicator::isplit(int colour, int key, source_location where) {
  return detail::start_collective<communicator, make_body>(*state_, where, on(), make_body::way::split, colour, key);
}

communicator communicator::split(int colour, int key, source_location where) {
  refuse_in_loop("communicator::split()", where);
  return finish(isplit(colour, key, where), where);
}

}  // namespace weft
