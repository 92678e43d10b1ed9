// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include <weft/async/loop.hpp>
#include <weft/core/error.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/core/random.hpp>
#include <weft/port/port.hpp>

namespace weft {

struct channel_options {
  std::size_t capacity = 0;  ///< items that may lie in it with no reader waiting; 0: writer and reader meet
  int reader = -1;           ///< the one rank that reads, if there is only one: it is the home then
  int home = -1;             ///< the rank that keeps the items and the queues of those that wait; else `reader`, else 0
};

/// An item cannot be put any more: the channel was closed. The item is not in it.
class channel_closed : public error {
 public:
  explicit channel_closed(source_location where) : error("put on a channel that was closed", where) {}
};

namespace detail {

struct channel_message {
  enum class kind : std::uint32_t {
    want,            ///< a put waits
    unwant,          ///< count: of those that waited, so many do not any more
    ask,             ///< a get waits; count: deliveries taken so far
    unask,           ///< one that waited has given up
    lend,            ///< count: so many items may be sent; the answer to a `want`
    share,           ///< the same, without having been asked
    recall_credit,   ///< what was lent and not used is wanted back
    credit,          ///< count: so much of it was not used
    recall_items,    ///< items that nobody took are wanted back; count: deliveries so far
    settled,         ///< they are back; count: deliveries taken so far
    taken,           ///< count: deliveries taken so far
    close,           ///< no more puts
    closed,          ///< a recall of credit as well
    ended            ///< nothing will come any more
  };
  kind what = kind::want;
  std::uint32_t count = 0;
};

/// What a channel is without the type of its items: who may send, who waits, when it ends.
///
/// The home rank lends credit: an item may be sent to it for each unit. What is lent and what lies there are never more
/// than the capacity, or than the gets that wait where there is none. Puts and gets that wait stand in two queues at the
/// home, first come, first served. A writer that does not use its credit, and a reader that holds an item whose get has
/// gone, keep it until somebody else needs it; then the home calls it back.
class channel_core : loop_source {
 public:
  channel_core(const channel_core&) = delete;
  channel_core& operator=(const channel_core&) = delete;

  loop& on() const noexcept { return on_; }
  int home() const noexcept { return home_; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// Whether this rank knows that it was closed.
  bool is_closed() const noexcept { return is_closed_; }
  /// At the home: items that wait for a reader, puts that wait for room, gets that wait for an item. Elsewhere nothing.
  std::size_t stored() const noexcept { return is_home() ? held_ : 0; }
  std::size_t puts_queued() const noexcept { return wanting_.size(); }
  std::size_t gets_queued() const noexcept { return asking_.size(); }
  /// By which a select chooses among what is ready.
  random_source& lots() noexcept { return lots_; }

 protected:
  using message = channel_message;
  using kind = message::kind;

  channel_core(context& ctx, channel_options options, source_location where);
  ~channel_core() override;

  // --- what the items' type has to do --------------------------------------------------------------------------------
  virtual void hand_over(int reader) = 0;      ///< at the home: the oldest item that lies there
  virtual void accept_own_put() = 0;           ///< at the home: the item of this rank's first put that waits is laid there
  virtual std::uint32_t send_waiting() = 0;    ///< elsewhere: puts that wait, as far as there is credit; how many
  virtual void refuse_puts() noexcept = 0;     ///< those that wait
  virtual void end_gets() noexcept = 0;        ///< those that wait
  virtual void return_items() = 0;             ///< elsewhere: all that lie here

  bool is_home() const noexcept { return rank_ == home_; }
  bool has_ended() const noexcept { return has_ended_; }
  /// Throws `usage_error` on a rank that was not named as the reader.
  void check_reader(source_location where) const;
  void close_here();

  // --- at the home ---------------------------------------------------------------------------------------------------
  /// Whether an item of this rank may be laid here now.
  bool has_room() const noexcept { return wanting_.empty() && room() > 0; }
  void came_from(int writer);
  /// The size of the items that come: few large ones are under way at a time, else memory is touched that no cache holds.
  void note_item_bytes(std::size_t bytes) noexcept {
    if (bytes != item_bytes_) [[unlikely]]
      fit_window(bytes);
  }
  void came_back_from(int reader);
  /// Hands over, lends and calls back what can be.
  void settle();
  /// An item was taken without having been asked for.
  void room_was_made();
  void handed_to(int reader);

  // --- puts and gets that wait -----------------------------------------------------------------------------------------
  void want();
  void unwant() noexcept;
  void ask();
  void unask() noexcept;

  // --- on other ranks ------------------------------------------------------------------------------------------------
  bool use_credit() noexcept;
  /// Looks for credit that is on its way; a queue of puts is dearer.
  bool find_credit();
  void delivery_came() noexcept { ++received_; }
  /// A delivery found its get.
  void delivery_taken();
  /// Whether what nobody waits for goes back at once.
  bool is_recalled() const noexcept { return is_recalled_; }
  void settle_recall();

  std::size_t held_ = 0;  ///< items that lie here: at the home for whoever asks, elsewhere for gets of this rank
  std::uint32_t credit_ = 0;

 private:
  /// What the home knows of another rank.
  struct member {
    std::uint32_t lent = 0;  ///< units that have neither come as items nor come back
    std::uint32_t used = 0;  ///< items since credit was last shared out
    std::uint32_t sent = 0;  ///< items handed over to it
    std::uint32_t back = 0;  ///< of these, came back
    std::uint32_t taken = 0;  ///< of these, found their get
    bool may_hold = false;   ///< credit was lent since the last recall
    bool credit_recalled = false;
    bool items_recalled = false;
    bool knows_of_close = false;
    std::uint32_t unsettled() const noexcept { return sent - back - taken; }
  };
  struct handle {
    channel_core* self;
    void operator()(int source, const message& m) const { self->take(source, m); }
  };

  bool poll() override { return false; }
  bool run() override;

  void take(int source, const message& m);
  void take_at_home(int source, const message& m);
  void take_elsewhere(const message& m);
  void post(int rank, kind what, std::uint32_t count = 0) { port_.post(rank, {what, count}); }
  void post_home(kind what, std::uint32_t count) noexcept;
  void spend(std::uint32_t units, std::uint32_t answered);

  std::int64_t room() const noexcept {
    const std::size_t bound = capacity_ > 0 ? capacity_ : asking_.size();
    const std::size_t taken = held_ + (WEFT_PLANTED("channel.what_is_lent_is_not_counted") ? 0 : lent_);
    const std::int64_t places = static_cast<std::int64_t>(bound) - static_cast<std::int64_t>(taken);
    return std::min(places, static_cast<std::int64_t>(window_) - static_cast<std::int64_t>(lent_));
  }
  bool has_much_room() const noexcept {
    return room() > 0 && static_cast<std::size_t>(room()) * 4 >= std::min(capacity_, window_);
  }
  void fit_window(std::size_t bytes) noexcept;
  member& member_at(int rank);
  void serve_gets();
  void serve_puts();
  void share_room();
  void lend(int writer, kind how, std::uint32_t units);
  void recall_credit();
  void recall_items();
  void note_taken(member& who, std::uint32_t count) noexcept;
  void forget_last(std::deque<int>& queue, int rank) noexcept;
  void close_at_home();
  void tell_of_close(int rank, member& who);
  void end_if_done();

  loop& on_;
  int rank_;
  int home_;
  int reader_;
  std::size_t capacity_;
  random_source lots_;
  bool is_closed_ = false;
  bool has_ended_ = false;

  // at the home
  std::deque<int> wanting_;  ///< ranks with a put that waits, one entry for each
  std::deque<int> asking_;   ///< ranks with a get that waits
  std::unordered_map<int, member> members_;
  member* last_member_ = nullptr;
  int last_rank_ = -1;
  std::size_t lent_ = 0;       ///< to all
  std::size_t window_ = 64;    ///< most that is lent
  std::size_t item_bytes_ = 0;
  std::size_t unsettled_ = 0;  ///< deliveries to all, of which it is not known what became of them
  std::size_t used_ = 0;
  std::size_t holders_ = 0;  ///< members that may hold credit which was not recalled
  bool is_due_ = false;      ///< room is to be shared out in the next run phase

  // elsewhere
  std::uint32_t received_ = 0;
  std::uint32_t taken_ = 0;
  std::uint32_t recalled_at_ = 0;
  bool is_recalled_ = false;

  port<message> port_;
};

}  // namespace detail
}  // namespace weft
