// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/async/task.hpp>
#include <weft/async/wait_list.hpp>
#include <weft/core/bytes.hpp>
#include <weft/journal/journal.hpp>
#include <weft/journal/reader.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/queue/delayed.hpp>
#include <weft/queue/durable_item.hpp>
#include <weft/queue/pool.hpp>

namespace weft {

struct durable_options {
  durability kept = durability::synced;  ///< what an acknowledged put, or item, survives
  /// A rank hands out only so many of its items at a time, and writes down which: only those count as tried when the
  /// job is killed (`item::attempt`). Items with a priority above 0 are always among them.
  std::size_t window = 4096;
  std::uint64_t compact_bytes = std::uint64_t{64} << 20;  ///< a rank's journal is rewritten when it has grown by this
  std::uint64_t segment_bytes = std::uint64_t{16} << 20;  ///< of one file of a journal
  damage_policy on_damage = damage_policy::refuse;
  duration patience = std::chrono::seconds(5);  ///< with the processes of an earlier job that still have the folder
};

namespace detail {

[[noreturn]] void throw_not_open(source_location where);
[[noreturn]] void throw_wrong_value(std::size_t bytes, std::size_t left);

/// A value as the journal holds it.
template <class T>
void decode_exactly(std::span<const std::byte> bytes, T& value) {
  reader in(bytes);
  decode(in, value);
  if (in.remaining() != 0) throw_wrong_value(bytes.size(), in.remaining());
}

/// An item that has its home on this rank: in this rank's journal, not acknowledged.
struct durable_record {
  durable_header header;
  item_tag tag;
  bool is_released = false;  ///< the journal says that it may have been handed out
  int rank = -1;             ///< whom it was put for, in the job that put it; -1: nobody
  wall_time due{};           ///< it may not be handed out before
  byte_buffer value;         ///< encoded

  /// Whom it is for in a job of so many ranks.
  int rank_among(int ranks) const noexcept;
};

/// What the ledger asks of the queue that it serves. Most calls come in protocol context.
class durable_owner {
 public:
  /// Earlier jobs have left so many items on this rank, which are released later.
  virtual void on_found(std::size_t count) = 0;
  /// The item may be handed out: the journal holds it for certain, and that it may have been.
  virtual void on_released(const durable_record& item) = 0;
  /// Everything that was put up to there is durable. Comes behind the releases that follow from it.
  virtual void on_durable(journal_position durable) = 0;
  /// Of the items that were done on this rank, so many more are acknowledged.
  virtual void on_settled(std::size_t count) = 0;
  /// That item, which was put on this rank and whose result somebody awaits, is acknowledged.
  virtual void on_acknowledged(std::uint64_t submission) = 0;
  /// So many items that have their home here stay for the next job.
  virtual void on_left(std::size_t count) = 0;
  virtual bool is_over() const noexcept = 0;        ///< cancelled: nothing is to be released any more
  virtual void on_step() = 0;                       ///< now and then: there may be room again
  virtual std::size_t queued() const noexcept = 0;  ///< items here, or not let in, that were released

 protected:
  ~durable_owner() = default;
};

/// The part of a durable queue that writes things down, on one rank, and does not depend on what its items are.
/// docs/design/durable_queue.md has the argument.
class durable_ledger final : loop_source, journal_listener {
 public:
  /// Makes ports: collective in order.
  durable_ledger(context& ctx, std::string folder, durable_options options, durable_owner& owner);
  ~durable_ledger();
  durable_ledger(const durable_ledger&) = delete;
  durable_ledger& operator=(const durable_ledger&) = delete;

  /// Collective. Takes the folder over, reads what earlier jobs left, each rank a share, and writes it down anew.
  task<> open();
  bool is_open() const noexcept { return is_open_; }
  bool is_new() const noexcept { return is_new_; }

  /// An item of the next `put`. No other call may come between.
  void add(const item_tag& tag, const put_options& how, std::span<const std::byte> value);
  /// Writes what was added down, all of it or nothing; it is released later. Durable when `durable()` has reached what
  /// is returned.
  journal_position put();
  /// Forgets what was added and not put; returns how many items.
  std::size_t drop_added() noexcept;
  /// The item was done on this rank: tells its home.
  void acknowledge(const durable_header& header);
  journal_position durable() const noexcept { return log_ ? log_->durable() : 0; }
  /// Ready when all that was put and acknowledged on this rank before is durable.
  future<void> flush(source_location where);
  /// Items that have their home here.
  std::size_t items() const noexcept { return items_.size(); }
  std::size_t bytes() const noexcept { return item_bytes_; }  ///< of their values
  const weft::journal* log() const noexcept { return log_.get(); }

 private:
  struct place {
    journal_position position;
    const durable_record* item;
  };
  struct acknowledgement {
    journal_position position;
    int holder;
    std::size_t count;
  };
  struct answer {
    journal_position position;
    std::uint64_t submission;
  };
  struct account {  ///< of one home
    std::uint64_t told = 0;
    std::uint64_t settled = 0;
    std::vector<durable_id> unsent;
  };
  struct flush_wait : queued_wait {
    journal_position position = 0;
    std::vector<std::pair<int, std::uint64_t>> settled;
  };
  using flush_operation = queued_operation<void, flush_wait>;
  static constexpr operation::type flush_kind = flush_operation::kind("durable_queue::flush");
  struct done_receiver {
    durable_ledger* ledger;
    void operator()(int from, const std::vector<durable_id>& done) const { ledger->on_done(from, done); }
  };
  struct settled_receiver {
    durable_ledger* ledger;
    void operator()(int home, std::uint64_t count) const { ledger->on_settled(home, count); }
  };

  // The start (durable_start.cpp).
  task<> take_folder();
  void read_share();
  void visit(const journal_record& record);
  task<> begin_journal();
  task<> until_ready();

  bool poll() override;
  bool flush() override { return step(); }
  void on_durable() noexcept override;
  bool step();
  bool poll_journal();
  void send_done();
  void write_done();
  wall_time due_after(duration delay) const;
  void keep(durable_record& item);
  void take_due();
  void release_more();
  void release(std::span<durable_record* const> items);
  void leave_the_rest();
  void compact_if_due();
  void write_snapshot(journal& to) const;
  void release_durable(journal_position durable);
  void settle_durable(journal_position durable);
  void let_flushers_go();
  bool is_flushed(const flush_wait& wait) const noexcept;

  durable_record& remember(durable_record&& item);
  bool forget(const durable_id& id) noexcept;
  void note_done(int holder, const durable_id& id);
  void on_done(int from, const std::vector<durable_id>& done);
  void on_settled(int home, std::uint64_t count);

  context& ctx_;
  std::string path_;
  durable_options options_;
  durable_owner& owner_;
  std::unique_ptr<journal_folder> folder_;
  std::unique_ptr<weft::journal> log_;
  bool is_open_ = false;
  bool is_new_ = false;
  bool is_busy_ = false;  ///< the journal has more to do

  std::unordered_map<durable_id, durable_record, durable_id_hash> items_;
  std::size_t item_bytes_ = 0;  ///< of their values
  std::uint64_t last_number_ = 0;
  std::uint64_t put_ = 0;                 ///< items written down by this rank, and by those whose journals it has read
  std::vector<durable_record*> putting_;  ///< added, to be put
  byte_buffer payload_;                   ///< of their record
  std::vector<durable_record*> found_;    ///< at the start
  delayed_items<durable_record*> delayed_;  ///< written down, not due
  std::deque<durable_record*> backlog_;     ///< written down and due, not released
  std::deque<place> releasing_;           ///< to be handed out when what says so is durable
  std::vector<durable_id> done_;          ///< items of this home, to be written down as done
  std::unordered_map<int, std::size_t> done_by_;
  std::deque<acknowledgement> acknowledging_;
  std::vector<std::uint64_t> answered_;  ///< submissions among `done_`
  std::deque<answer> answering_;
  std::unordered_map<int, account> accounts_;  ///< by home
  std::vector<int> unsent_;                    ///< homes that are to be told
  wait_list flushing_;
  std::vector<std::uint64_t> numbers_;  ///< scratch

  port<std::vector<durable_id>> done_port_;
  port<std::uint64_t> settled_port_;
};

}  // namespace detail
}  // namespace weft
