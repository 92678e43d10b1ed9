// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"

#include <chrono>
#include <cstring>
#include <vector>

#include <weft/async/timer.hpp>
#include <weft/core/error.hpp>
#include <weft/journal/errors.hpp>
#include <weft/journal/reader.hpp>

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s;  // with the processes of an earlier run
constexpr auto between_polls = 1ms;
constexpr auto between_groups = 4ms;
constexpr std::uint64_t segment_bytes = 2u << 20;  // a batch of some thousand tasks leaves small files

}  // namespace

weft::task<> ledger::pause() { co_await sleep_for(on_, between_groups); }

weft::task<> ledger::until_ready() {
  while (!folder_->ready()) co_await sleep_for(on_, between_polls);
}

weft::task<> ledger::open(const std::string& folder) {
  storage& files = *on_.storage();
  folder_ = std::make_unique<journal_folder>(files, file_space::shared, folder);
  std::uint64_t identity = 0;
  on_.host().entropy(std::as_writable_bytes(std::span(&identity, 1)));
  folder_->claim(on_.now() + patience, identity);
  co_await until_ready();
  journal_reader reader(*folder_);
  std::vector<journal_summary> summaries;
  std::vector<journal_witness> witnesses;
  auto visit = [&](const journal_record& record) { past_.visit(record); };
  for (std::uint32_t writer = 0; writer < folder_->run().writers; ++writer) {
    summaries.push_back(reader.read(writer, visit));
    const auto& found = summaries.back().witnesses;
    witnesses.insert(witnesses.end(), found.begin(), found.end());
    if (summaries.back().cut) warnings_ += "weft-farm: " + describe(*summaries.back().cut) + "\n";
  }
  reader.check_witnesses(summaries, witnesses);
}

void ledger::check_not_overtaken() {
  if (!folder_) return;
  const std::uint32_t newest = folder_->read_epoch().epoch;
  if (newest != folder_->run().epoch) throw fenced(folder_->path(), folder_->run().epoch, newest);
}

weft::task<> ledger::begin() {
  if (!folder_) co_return;
  log_ = std::make_unique<journal>(*folder_, 0, journal_options{kept_, segment_bytes});
  auto write = [&](journal& to) { past_.write(to); };
  const journal_position all = log_->compact(write);
  for (;;) {
    log_->poll();
    if (log_->forced() >= all) break;
    co_await yield();  // the first segment is made in small pieces, one for each poll
  }
  folder_->adopt(1, on_.now() + patience);
  co_await until_ready();
}

}  // namespace weft::farm
