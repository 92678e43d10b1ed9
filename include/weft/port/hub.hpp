// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/wait_list.hpp>
#include <weft/core/bytes.hpp>
#include <weft/port/frame.hpp>
#include <weft/port/metrics.hpp>
#include <weft/port/peer.hpp>
#include <weft/port/receiver.hpp>
#include <weft/port/transfer.hpp>

namespace weft::detail {

/// The orderly end of a context, phase by phase.
enum class shutdown_phase : std::uint8_t { open, connecting, flushing, draining, closing, closed };
const char* name_of(shutdown_phase phase) noexcept;

struct wave;
struct connecting;

/// Collective operations that were under way when a hub ended early: the transport may write into them until it is
/// gone, so they outlive it.
struct abandoned_operations {
  abandoned_operations() = default;
  abandoned_operations(const abandoned_operations&) = delete;
  abandoned_operations& operator=(const abandoned_operations&) = delete;
  ~abandoned_operations() {
    for (operation* op : all) op->drop();
  }
  std::vector<operation*> all;
};

/// Carries the messages of all ports of one context: frames, credits, order, large messages, counting.
///
/// Receives: a small ring of persistent receives from any rank. A frame whose messages may all run now is dispatched
/// where it lies; one with messages for user handlers is held in the ring until the run phase that follows at once, and
/// copied out of it if something else polls first. A frame that comes while the loop waits for nothing else runs its
/// handlers at once, and what they post leaves before the next look: the round trip of a lone message. Where frames
/// come faster than they are looked for, all that have come are taken before anything is sent, so that answers share
/// frames. Sends: one open frame per rank written to, sealed when it is full, when the loop has nothing to run, or when
/// it is older than the flush time.
class message_hub final : public loop_source {
 public:
  /// Collective in order. Communicates nothing before the loop's first turn.
  message_hub(loop& on, duration flush_after, abandoned_operations& abandoned);
  ~message_hub() override;
  message_hub(const message_hub&) = delete;
  message_hub& operator=(const message_hub&) = delete;

  loop& on() const noexcept { return on_; }
  bool is_hostile() const noexcept { return transport_.limits().is_hostile; }
  message_fate draw_fate() { return transport_.fate(); }
  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }

  // --- ports (hub.cpp) ---------------------------------------------------------------------------------------------
  std::uint32_t add_port(receiver& port);
  /// `retired`: what comes for it later was expected.
  void remove_port(std::uint32_t number, bool retired) noexcept;

  // --- sending (hub_send.cpp) --------------------------------------------------------------------------------------
  /// Throws `usage_error` for a rank that does not exist.
  peer& peer_at(int rank);
  /// Makes room for `bytes` in a run of `kind` for the port, in the peer's open frame or in a new one. Throws
  /// `usage_error` after the shutdown.
  void open_run(peer& to, const receiver& port, run_kind kind, std::size_t bytes);
  void announce(peer& to, const receiver& port, outgoing& what);
  bool could_send(const peer& to) const noexcept {
    const std::uint32_t next = to.next_number();
    return &to == own_ || (to.could_send(next) && is_connected());
  }
  /// Ready when everything posted to this rank so far could leave.
  future<void> sendable(peer& to, source_location where);
  void count_posted() noexcept { ++metrics_.posted; }
  byte_buffer& scratch() noexcept { return scratch_; }

  // --- receiving (hub_receive.cpp, hub_transfer.cpp) -----------------------------------------------------------------
  bool poll() override;
  found poll_and_run() override;
  bool run() override;
  bool flush() override;
  void handler_failed(const receiver& port) noexcept;
  void fetched(incoming& what);

  // --- waves (hub_waves.cpp) -----------------------------------------------------------------------------------------
  future<void> quiescence(source_location where);
  future<void> shut_down(source_location where);
  void wave_done(const std::array<std::int64_t, 2>& sums);
  shutdown_phase phase() const noexcept { return phase_; }
  /// Messages that no handler will take: their port was destroyed, or never constructed.
  std::uint64_t undelivered() const noexcept;

  const port_metrics& metrics() const noexcept { return metrics_; }
  /// Ends the rank: a broken protocol.
  void fail(const std::string& text) noexcept;
  void connected(comm_id comm);
  void sent(frame& done) noexcept;
  void forget(outgoing& what) noexcept { std::erase(outgoing_, &what); }

 private:
  static constexpr std::size_t ring_size = 4;
  static constexpr int none = -1;
  struct ring_slot {
    persistent_id receive{};
    op_number started = op_number::completed;
    completion early;  ///< of a receive that completed when it was started
    std::byte bytes[frame_bytes];
  };
  /// A frame that has arrived: in a ring slot, or in a pooled frame.
  struct arrival {
    peer* from = nullptr;  ///< null: nothing of it is left
    std::byte* bytes = nullptr;
    frame* copy = nullptr;
    std::uint32_t size = 0;
    int slot = none;
  };
  enum class pass : std::uint8_t { protocol, all };

  bool is_connected() const noexcept { return ring_ != nullptr; }

  void close_run(peer& to) noexcept;
  void open_frame(peer& to);
  void seal(peer& to);
  bool send_open();
  void note_dirty(peer& to) noexcept;
  void send_numbered(peer& to, frame* f);
  void send_control(peer& to, const run_header* run, const void* content);
  void transmit(peer& to, frame* f);
  void give_back(frame* f) noexcept;
  void send_queued(peer& to);
  void take_acknowledgement(peer& from, std::uint32_t consumed);
  void grant_sendable();

  void start_slot(int slot);
  /// The slot's frame has been dealt with. It receives again after what the frame has caused was sent.
  void empty_slot(int slot) noexcept { emptied_slots_[emptied_count_++] = slot; }
  void restart_slots();
  bool next_arrival(int& slot, completion& what, bool patient = false);
  bool admit(int slot, const completion& what, arrival& here);
  void accept(int slot, const completion& what);
  void hold(const arrival& what);
  void hold_first(const arrival& what);
  void move_out_of_ring(arrival& what);
  void clear_ring();
  bool take_own();
  bool sweep_protocol();
  bool run_held();
  bool walk(const arrival& what, pass who);
  bool deliver(peer& from, const run_header& run, std::byte* content, pass who);
  void release(const arrival& what);
  void cancel_ring();

  void refuse(peer& from, const run_header& run, const std::byte* content);
  bool start_fetch(peer& from, receiver& port, const run_header& run, const std::byte* content);
  void request(incoming& what);
  void request_next(const peer& from);
  void on_fetch_order(peer& from, const run_header& run, const std::byte* content);
  void deliver_fetched(incoming& what);
  bool is_blocked(const peer& from, std::uint32_t port) const noexcept;

  bool advance();
  void close();
  void abandon(operation& op);
  void abandon_wave();
  void finish_quiescence() noexcept;
  bool is_passive() const noexcept;
  bool is_flushed() noexcept;
  void start_wave(std::int64_t out, std::int64_t in);

  loop& on_;
  transport& transport_;
  comm_id comm_{};
  int rank_;
  int size_;
  duration flush_after_;
  time_point flush_at_ = never;

  std::vector<receiver*> ports_;  ///< by number; null: destroyed
  std::vector<bool> retired_;     ///< by number
  peer_table peers_;
  peer* own_;
  peer* first_dirty_ = nullptr;
  std::uint32_t open_frames_ = 0;
  std::uint32_t idle_flushes_ = 0;
  std::vector<frame*> sending_;
  frame* spare_ = nullptr;  ///< the next to be filled; nearer than the pool
  wait_list waiting_to_send_;
  byte_buffer scratch_;

  std::unique_ptr<ring_slot[]> ring_;
  std::array<int, ring_size> posted_slots_{};  ///< a queue: receives match in the order in which they were started
  std::size_t first_posted_ = 0;
  std::size_t posted_count_ = 0;
  std::array<int, ring_size> emptied_slots_{};
  std::size_t emptied_count_ = 0;
  std::size_t held_in_ring_ = 0;
  int running_slot_ = none;    ///< its messages are being handed to user handlers
  std::vector<arrival> held_;  ///< in the order of arrival
  std::size_t stalled_ = 0;    ///< so many at the front wait for a port or a large message
  bool retry_ = false;         ///< something that they may wait for has happened
  bool retry_protocol_ = false;
  bool has_waited_ = false;  ///< the last look at the ring found nothing

  std::vector<outgoing*> outgoing_;
  std::vector<incoming*> incoming_;
  std::vector<int> free_tags_;
  std::uint32_t next_transfer_ = 0;
  int next_tag_ = frame_tag + 1;

  wait_list waiting_for_quiescence_;
  wait_list waiting_for_shutdown_;
  std::uint64_t quiescence_called_ = 0;
  std::uint64_t quiescence_done_ = 0;
  std::array<std::int64_t, 2> last_wave_{-1, -1};
  wave* wave_ = nullptr;              ///< under way
  connecting* connecting_ = nullptr;  ///< under way
  abandoned_operations& abandoned_;
  bool is_broken_ = false;
  shutdown_phase phase_ = shutdown_phase::open;
  port_metrics metrics_;
};

}  // namespace weft::detail
