// SPDX-License-Identifier: BSL-1.0
#include <weft/mpi/mpi_transport.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include <weft/core/error.hpp>

#include "mpi/error.hpp"
#include "mpi/facts.hpp"
#include "mpi/transport_state.hpp"

namespace weft::mpi {

namespace {

/// Tests within `test_briefly`: about a microsecond of `MPI_Test` on a pending receive (17 ns each in Open MPI 4.1).
constexpr int brief_tests = 50;
/// Of a persistent receive: the one that looks at it has others to look at, too.
constexpr int brief_persistent_tests = 4;
/// A failed test may give the processor away when ranks outnumber processors, so a few are long enough.
constexpr int brief_tests_oversubscribed = 2;

MPI_Comm duplicate(MPI_Comm parent) {
  MPI_Comm made = MPI_COMM_NULL;
  check(MPI_Comm_dup(parent, &made), "MPI_Comm_dup");
  check(MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return made;
}

}  // namespace

mpi_transport::state::state(MPI_Comm parent, ownership how, idle_policy idle)
    : node(find_node_members(parent)),
      limits(find_limits(parent)),
      oversubscribed(static_cast<int>(node.ranks.size()) > node.processors),
      ladder(idle, oversubscribed) {
  const bool owned = how == ownership::duplicate;
  comms.add(owned ? duplicate(parent) : parent, owned);
  self = comms.rank(world_comm);
  limits.may_spin = !oversubscribed;
  if (oversubscribed) requests.never_repeat_tests();
}

mpi_transport::state::~state() {
  if (mpi_is_running()) requests.abandon();
}

op_number mpi_transport::state::pending_collective(MPI_Request request, void* token, completion& now) {
  int done = 0;
  MPI_Status status;
  const int code = MPI_Test(&request, &done, &status);
  if (done == 0 && code == MPI_SUCCESS) return requests.add(request, direction::collective, token);
  fill(now, token, direction::collective, status, code);
  return op_number::completed;
}

mpi_transport::mpi_transport(MPI_Comm parent, ownership how, idle_policy idle)
    : state_(std::make_unique<state>(parent, how, idle)) {}

mpi_transport::~mpi_transport() = default;

int mpi_transport::rank(comm_id comm) const { return state_->comms.rank(comm); }
int mpi_transport::size(comm_id comm) const { return state_->comms.size(comm); }

node_map mpi_transport::node() const {
  const auto& ranks = state_->node.ranks;
  const auto self = std::lower_bound(ranks.begin(), ranks.end(), state_->self);
  return {static_cast<int>(self - ranks.begin()), static_cast<int>(ranks.size())};
}

bool mpi_transport::same_node(int rank) const {
  return std::binary_search(state_->node.ranks.begin(), state_->node.ranks.end(), rank);
}

int mpi_transport::node_peer(int node_rank) const {
  const auto& ranks = state_->node.ranks;
  if (node_rank < 0 || static_cast<std::size_t>(node_rank) >= ranks.size()) {
    throw world_error("no rank " + std::to_string(node_rank) + " on this node of " + std::to_string(ranks.size()),
                      MPI_ERR_RANK);
  }
  return ranks[static_cast<std::size_t>(node_rank)];
}

const transport_limits& mpi_transport::limits() const noexcept { return state_->limits; }
std::string mpi_transport::describe() const { return describe_library(); }

std::size_t mpi_transport::poll(std::span<completion> out, bool patient) {
  state& s = *state_;
  const bool progressed = std::exchange(s.progressed, false);
  if (!s.jobs.empty() || !s.to_self.empty() || out.empty()) [[unlikely]]
    return s.poll_everything(out);
  if (!s.requests.empty()) return s.requests.poll(out, patient);
  s.poll_nothing(progressed);
  return 0;
}

std::size_t mpi_transport::state::poll_everything(std::span<completion> out) {
  to_self.reap();
  const std::size_t filled = out.empty() ? 0 : jobs.poll(out);
  if (filled == out.size() || requests.empty()) return filled;
  return filled + requests.poll(out.subspan(filled), false);
}

void mpi_transport::state::poll_nothing(bool has_progressed) {
  if (types.has_retired()) [[unlikely]]
    types.free_retired();
  if (has_progressed) return;
  // Nothing of ours to test, but a peer's message may need this rank's part.
  int found = 0;
  MPI_Status status;
  check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comms.native(world_comm), &found, &status), "MPI_Iprobe");
}

bool mpi_transport::test(op_number number, completion& now) {
  state& s = *state_;
  const std::uint32_t place = s.requests.place(number);
  bool done = false;
  if (!persistent_requests::is_place(place)) [[likely]] {
    done = s.requests.test(place, now);
  } else if (place == comm_jobs::job_place) {
    done = s.jobs.test(number, now);
  } else {
    done = s.persistents.test(place, now);
  }
  s.progressed = true;  // by this test, or by the one that saw the operation's end come
  return done;
}

bool mpi_transport::test_briefly(op_number number, completion& now) {
  state& s = *state_;
  const std::uint32_t place = s.requests.place(number);
  if (place == comm_jobs::job_place) return test(number, now);
  if (persistent_requests::is_place(place)) {
    s.progressed = true;
    return s.persistents.test(place, now, s.oversubscribed ? 1 : brief_persistent_tests);
  }
  if (s.requests.test(place, now, s.oversubscribed ? brief_tests_oversubscribed : brief_tests)) return true;
  s.progressed = true;
  return false;
}

time_point mpi_transport::now() { return clock_now(); }

void mpi_transport::idle(time_point deadline, std::uint64_t empty_turns, int wake_fd) {
  state_->ladder.wait(deadline, empty_turns, wake_fd);
}

void mpi_transport::abort(int code) {
  MPI_Abort(state_->comms.native(world_comm), code);
  std::_Exit(code);  // MPI_Abort is allowed to return
}

window& mpi_transport::windows() { throw not_supported("window"); }
launcher& mpi_transport::launch() { throw not_supported("launcher"); }
liveness& mpi_transport::peers() { throw not_supported("liveness"); }

}  // namespace weft::mpi
