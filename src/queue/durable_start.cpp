// SPDX-License-Identifier: BSL-1.0
// How a durable queue takes over what earlier jobs left.
#include <algorithm>
#include <cstring>
#include <span>

#include <weft/async/timer.hpp>
#include <weft/comm/collectives.hpp>
#include <weft/comm/reductions.hpp>
#include <weft/core/planted_fault.hpp>
#include <weft/journal/errors.hpp>
#include <weft/queue/durable_ledger.hpp>

#include "durable_records.hpp"

namespace weft::detail {

namespace records = durable_format;

namespace {

constexpr int durable_leader = 0;
constexpr auto between_looks = std::chrono::microseconds(200);

}  // namespace

task<> durable_ledger::open() {
  if (log_) throw usage_error("durable_queue::open called twice on this rank");
  if (ctx_.storage() == nullptr) throw usage_error("a durable queue needs a world with a storage");
  folder_ = std::make_unique<journal_folder>(*ctx_.storage(), file_space::shared, path_);
  co_await take_folder();
  read_share();
  auto summed = ctx_.world().iallreduce(put_, sum);
  is_new_ = co_await std::move(summed) == 0;
  co_await begin_journal();
  is_open_ = is_busy_ = true;
  owner_.on_found(found_.size());
  for (durable_record* item : std::exchange(found_, {})) {
    if (item->is_released) {
      owner_.on_released(*item);
    } else {
      keep(*item);
    }
  }
  owner_.on_durable(log_->durable());
}

/// The leader publishes a new epoch; from then on nothing that an earlier job does counts.
task<> durable_ledger::take_folder() {
  const time_point deadline = ctx_.loop().now() + options_.patience;
  if (ctx_.rank() == durable_leader) {
    std::uint64_t identity = 0;
    ctx_.host().entropy(std::as_writable_bytes(std::span(&identity, 1)));
    folder_->claim(deadline, identity);
    co_await until_ready();
  }
  auto told = ctx_.world().ibcast(folder_->run(), durable_leader);
  const journal_run run = co_await std::move(told);
  if (ctx_.rank() == durable_leader) co_return;
  folder_->join(run, deadline);
  co_await until_ready();
}

task<> durable_ledger::until_ready() {
  while (!folder_->ready()) {
    ctx_.loop().note_outside_work();
    co_await sleep_for(ctx_.loop(), between_looks);
  }
}

/// Whatever the numbers of ranks were and are.
void durable_ledger::read_share() {
  journal_reader reader(*folder_, options_.on_damage);
  const auto step = static_cast<std::uint32_t>(ctx_.size());
  for (auto writer = static_cast<std::uint32_t>(ctx_.rank()); writer < folder_->run().writers;
       writer += WEFT_PLANTED("leases.one_journal_for_each_rank") ? folder_->run().writers : step) {
    auto each = [this](const journal_record& record) { visit(record); };
    const journal_summary summary = reader.read(writer, each);
    if (summary.cut) WEFT_REACHED("leases.start_after_a_torn_record");
    if (summary.cut) ctx_.log().warn("queue", describe(*summary.cut));
  }
  for (auto& [id, item] : items_) found_.push_back(&item);
  std::sort(found_.begin(), found_.end(), [](const auto* a, const auto* b) { return a->header.id < b->header.id; });
  std::size_t released = 0;
  const wall_time now = ctx_.host().wall_now();
  for (durable_record* item : found_) {
    item->header.earlier += item->is_released && !WEFT_PLANTED("leases.earlier_attempt_is_not_counted") ? 1 : 0;
    item->header.home = static_cast<std::uint32_t>(ctx_.rank());
    item->is_released = (item->due <= now || WEFT_PLANTED("leases.delay_ends_with_the_job")) && (item->tag.priority > 0 || released < options_.window);
    released += item->is_released ? 1 : 0;
  }
}

void durable_ledger::visit(const journal_record& record) {
  bool is_right = true;
  if (record.type == records::items_type) {
    for (auto rest = record.payload; is_right && !rest.empty();) {
      auto item = records::decode_item(rest);
      is_right = item.has_value();
      if (!is_right) break;
      put_ += record.in_snapshot ? 0 : 1;
      remember(std::move(*item));
    }
  } else if (record.type == records::total_type) {
    std::uint64_t before = 0;
    is_right = record.payload.size() == sizeof before;
    if (is_right && !WEFT_PLANTED("leases.total_of_a_snapshot_is_ignored"))
      std::memcpy(&before, record.payload.data(), sizeof before);
    put_ += before;
  } else if (record.type == records::done_type) {
    is_right = records::for_each_id(record.payload, [this](const durable_id& id) { forget(id); });
  } else if (record.type == records::released_type && !WEFT_PLANTED("leases.released_record_is_ignored")) {
    is_right = records::for_each_id(record.payload, [this](const durable_id& id) {
      if (const auto found = items_.find(id); found != items_.end()) found->second.is_released = true;
    });
  }
  if (!is_right) throw usage_error("the journal in " + path_ + " is not one of a durable queue");
}

/// From `adopt` on the new journals hold the truth.
task<> durable_ledger::begin_journal() {
  log_ = std::make_unique<weft::journal>(*folder_, static_cast<std::uint32_t>(ctx_.rank()),
                                         journal_options{options_.kept, options_.segment_bytes});
  auto write = [this](weft::journal& to) { write_snapshot(to); };
  const journal_position all = log_->compact(write);
  while (log_->poll(), log_->forced() < all) {
    ctx_.loop().note_outside_work();
    if (log_->wants_poll()) {
      co_await yield();  // the first segment is made in small pieces, one for each poll
    } else {
      co_await sleep_for(ctx_.loop(), between_looks);
    }
  }
  auto all_written = ctx_.world().ibarrier();
  co_await std::move(all_written);
  if (ctx_.rank() == durable_leader) {
    folder_->adopt(static_cast<std::uint32_t>(ctx_.size()), ctx_.loop().now() + options_.patience);
    co_await until_ready();
  }
  auto adopted = ctx_.world().ibarrier();
  co_await std::move(adopted);
  log_->set_listener(this);
}

}  // namespace weft::detail
