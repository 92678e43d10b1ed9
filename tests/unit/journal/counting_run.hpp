// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
#include <weft/core/error.hpp>
#include <weft/core/random.hpp>
#include <weft/journal/errors.hpp>
#include <weft/journal/journal.hpp>
#include <weft/journal/reader.hpp>

namespace weft::testing {

inline constexpr std::uint16_t count_type = 1;
inline constexpr std::uint16_t total_type = 2;
inline constexpr std::string_view journal_path = "results";

/// What one writer of a run keeps in its journal: it counts 1, 2, 3, ..., each number a record whose length and content
/// follow from it. So what is read back must be such a sequence, and its last number says how much is left.
class counter {
 public:
  std::uint64_t last = 0;

  static std::vector<std::byte> payload(std::uint64_t number) {
    std::vector<std::byte> bytes(8 + number * 7919 % 90);
    random_source random(number);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
  }
  void visit(const journal_record& record) {
    std::uint64_t number = 0;
    if (record.payload.size() < sizeof number) throw std::logic_error("a record is too short");
    std::memcpy(&number, record.payload.data(), sizeof number);
    if (record.type == total_type) {
      if (has_counted_) throw std::logic_error("a snapshot behind other records");
      last = number;
      return;
    }
    const std::vector<std::byte> wanted = payload(number);
    const bool is_same = std::equal(wanted.begin(), wanted.end(), record.payload.begin(), record.payload.end());
    if (number != last + 1 || !is_same)
      throw std::logic_error("record " + std::to_string(number) + " after " + std::to_string(last));
    last = number;
    has_counted_ = true;
  }
  void save(journal& to) const {
    to.append(total_type, std::as_bytes(std::span(&last, 1)));
    // A snapshot longer than a segment now and then.
    for (std::uint64_t i = 0; i < last % 3; ++i) to.append(total_type, std::as_bytes(std::span(&last, 1)));
  }
  journal_position count(journal& to) { return to.append(count_type, payload(++last)); }

 private:
  bool has_counted_ = false;
};

/// Polls the storage until `done()`, which may throw.
inline void drive(storage& files, const std::function<bool()>& done) {
  for (int i = 0; i < 2'000'000; ++i) {
    if (done()) return;
    deliver_completions(files);
  }
  throw std::logic_error("the storage never finished");
}

/// A run of one process: reads what is there, writes the snapshot of its own journal, adopts it, and counts on.
class counting_run {
 public:
  explicit counting_run(storage& files, journal_options options = {})
      : files_(files), options_(options), folder_(files, file_space::shared, std::string(journal_path)) {}

  void claim() {
    folder_.claim(deadline, 77);
    drive(files_, [&] { return folder_.ready(); });
  }
  void start() {
    claim();
    journal_reader reader(folder_);
    std::vector<journal_witness> witnesses;
    for (std::uint32_t w = 0; w < folder_.run().writers; ++w) {
      summaries.push_back(reader.read(w, [&](const journal_record& record) { numbers.visit(record); }));
      witnesses.insert(witnesses.end(), summaries.back().witnesses.begin(), summaries.back().witnesses.end());
    }
    reader.check_witnesses(summaries, witnesses);
    found = numbers.last;
  }
  void open() {
    log = std::make_unique<journal>(folder_, 0, options_);
    const journal_position all = log->compact([&](journal& to) { numbers.save(to); });
    drive(files_, [&] {
      log->poll();
      return log->forced() >= all;
    });
  }
  void adopt() {
    folder_.adopt(1, deadline);
    drive(files_, [&] { return folder_.ready(); });
  }
  /// The same with a journal that tries to acknowledge all the while.
  void adopt_and_count() {
    count(3);
    folder_.adopt(1, deadline);
    drive(files_, [&] {
      log->poll();
      note();
      return folder_.ready();
    });
  }
  void begin() {
    start();
    open();
    adopt();
  }
  /// Counts `n` numbers further, without waiting.
  void count(int n) {
    for (int i = 0; i < n; ++i) {
      const journal_position end = numbers.count(*log);
      ends.emplace_back(numbers.last, end);
    }
  }
  void settle() {
    drive(files_, [&] {
      log->poll();
      note();
      return log->durable() >= log->end();
    });
  }
  void poll_once() {
    log->poll();
    deliver_completions(files_);
    note();
  }
  void note_if_open() {
    if (log != nullptr) note();
  }
  /// Remembers the last number that was acknowledged.
  void note() {
    for (const auto& [number, end] : ends) {
      if (end <= log->durable()) acknowledged = std::max(acknowledged, number);
    }
    std::erase_if(ends, [&](const auto& each) { return each.second <= log->durable(); });
  }
  void compact() {
    log->compact([&](journal& to) { numbers.save(to); });
  }
  journal_folder& folder() { return folder_; }

  static constexpr time_point deadline{};
  counter numbers;
  std::uint64_t found = 0;         ///< what the journals held at the start
  std::uint64_t acknowledged = 0;  ///< of what was counted since
  std::vector<std::pair<std::uint64_t, journal_position>> ends;
  std::vector<journal_summary> summaries;
  std::unique_ptr<journal> log;

 private:
  storage& files_;
  journal_options options_;
  journal_folder folder_;
};

}  // namespace weft::testing
