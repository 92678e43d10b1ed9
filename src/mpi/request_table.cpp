// SPDX-License-Identifier: BSL-1.0
#include "mpi/request_table.hpp"

#include <sched.h>
#include <algorithm>
#include <string>

#include <weft/core/error.hpp>

#include "mpi/error.hpp"

namespace weft::mpi {

namespace {

constexpr std::size_t first_capacity = 128;
/// A turn that finds work at the ends sweeps all the same after this many, or the middle would starve.
constexpr unsigned busy_turns_between_sweeps = 32;
/// The rotating part of a sweep over many: an eighth of them, within these bounds. Larger parts notice sooner and make
/// every turn dearer (1.3 ns per request).
constexpr std::size_t most_windows = 8;

}  // namespace

void fill(completion& now, void* token, direction way, const MPI_Status& status, int code) noexcept {
  if (way == direction::receive) [[likely]] {
    now = {token, payload_bytes(status), status.MPI_SOURCE, status.MPI_TAG, 0, op_status::ok};
  } else {
    now = {token, 0, any_source, any_tag, 0, op_status::ok};
  }
  if (code == MPI_SUCCESS) [[likely]]
    return;
  int error_class = MPI_ERR_OTHER;
  MPI_Error_class(code, &error_class);
  now.code = code;
  now.status = error_class == MPI_ERR_TRUNCATE ? op_status::truncated : op_status::failed;
}

bool withdraw(MPI_Request& request, MPI_Status& status, int& code) {
  check(MPI_Cancel(&request), "MPI_Cancel");
  int done = 0;
  code = MPI_Test(&request, &done, &status);
  // A receive that matched a large message before is finished first; its sender may need this processor.
  while (done == 0 && code == MPI_SUCCESS) {
    sched_yield();
    code = MPI_Test(&request, &done, &status);
  }
  int cancelled = 0;
  if (code == MPI_SUCCESS) MPI_Test_cancelled(&status, &cancelled);
  return cancelled != 0;
}

request_table::request_table() : requests_(first_capacity), entries_(first_capacity) {}

op_number request_table::reserve() {
  if (free_numbers_.empty()) {
    places_.push_back(idle_place);
    return static_cast<op_number>(places_.size());
  }
  const op_number number = free_numbers_.back();
  free_numbers_.pop_back();
  return number;
}

void request_table::release(op_number number) {
  places_[index_of(number)] = idle_place;
  free_numbers_.push_back(number);
}

std::uint32_t request_table::place(op_number number) const {
  const std::size_t index = index_of(number);
  if (index >= places_.size() || places_[index] == idle_place) [[unlikely]] {
    throw world_error("operation number " + std::to_string(static_cast<std::uint32_t>(number)) + " is not pending",
                      MPI_ERR_REQUEST);
  }
  return places_[index];
}

void request_table::append(op_number number, MPI_Request request, direction way, void* token, MPI_Request* home) {
  if (last_ == requests_.size()) [[unlikely]]
    make_room();
  requests_[last_] = request;
  entries_[last_] = {token, number, way, home};
  places_[index_of(number)] = static_cast<std::uint32_t>(last_);
  ++last_;
}

void request_table::make_room() {
  if (first_ < requests_.size() / 2) {
    requests_.resize(requests_.size() * 2);
    entries_.resize(entries_.size() * 2);
    return;
  }
  // Half of the array is free in front: moving down is paid for by the removals that freed it.
  std::move(requests_.begin() + static_cast<std::ptrdiff_t>(first_), requests_.end(), requests_.begin());
  std::move(entries_.begin() + static_cast<std::ptrdiff_t>(first_), entries_.end(), entries_.begin());
  last_ -= first_;
  first_ = 0;
  for (std::size_t i = 0; i < last_; ++i) places_[index_of(entries_[i].number)] = static_cast<std::uint32_t>(i);
}

void request_table::remove(std::size_t position) {
  const entry& gone = entries_[position];
  places_[index_of(gone.number)] = idle_place;
  if (gone.home == nullptr) [[likely]]
    free_numbers_.push_back(gone.number);
  if (position == first_) [[likely]] {
    ++first_;
  } else {
    --last_;
    if (position != last_) {
      requests_[position] = requests_[last_];
      entries_[position] = entries_[last_];
      places_[index_of(entries_[position].number)] = static_cast<std::uint32_t>(position);
    }
  }
  if (first_ == last_) first_ = last_ = 0;
}

void request_table::finish(std::size_t position, const MPI_Status& status, int code, completion& now) {
  const entry& e = entries_[position];
  fill(now, e.token, e.way, status, code);
  if (code != MPI_SUCCESS && e.home != nullptr) [[unlikely]]
    *e.home = requests_[position];
}

bool request_table::test_at(std::size_t position, completion& now) {
  int done = 0;
  MPI_Status status;
  const int code = MPI_Test(&requests_[position], &done, &status);
  if (done == 0 && code == MPI_SUCCESS) return false;
  finish(position, status, code, now);
  remove(position);
  return true;
}

bool request_table::test_alone(completion& now, int times) {
  MPI_Request* request = &requests_[first_];
  MPI_Status status;
  int done = 0;
  int code = MPI_SUCCESS;
  while (times-- > 0 && done == 0 && code == MPI_SUCCESS) code = MPI_Test(request, &done, &status);
  if (done == 0 && code == MPI_SUCCESS) return false;
  finish(first_, status, code, now);
  remove(first_);
  return true;
}

bool request_table::test(std::uint32_t place, completion& now, int times) {
  for (int i = 0; i < times; ++i) {
    if (test_at(place, now)) return true;
  }
  return false;
}

std::size_t request_table::poll(std::span<completion> out, bool patient) {
  if (size() == 1) return test_alone(out[0], patient ? tests_when_patient_ : tests_when_alone_) ? 1 : 0;
  std::size_t filled = 0;
  for (int looks = patient ? looks_when_patient_ : 1; looks > 0 && filled == 0; --looks) {
    while (filled < out.size() && first_ != last_ && test_at(first_, out[filled])) ++filled;
    if (filled == 0 && test_at(last_ - 1, out[0])) filled = 1;
  }
  if (filled == out.size() || size() <= 1) return filled;
  if (filled == 0 || ++busy_turns_ >= busy_turns_between_sweeps) filled += sweep(out.subspan(filled));
  return filled;
}

std::size_t request_table::sweep(std::span<completion> out) {
  busy_turns_ = 0;
  if (size() <= std::min(window, out.size())) return test_range(first_, last_, out);
  const std::size_t hot = std::min({window, size(), out.size()});
  std::size_t filled = test_range(last_ - hot, last_, out);
  const std::size_t parts = std::clamp<std::size_t>(size() / (8 * window), 1, most_windows);
  for (std::size_t part = 0; part < parts && filled < out.size() && !empty(); ++part) {
    if (cold_ >= size()) cold_ = 0;
    const std::size_t begin = first_ + cold_;
    const std::size_t end = std::min({begin + window, last_, begin + (out.size() - filled)});
    cold_ += end - begin;
    filled += test_range(begin, end, out.subspan(filled));
  }
  return filled;
}

std::size_t request_table::test_range(std::size_t begin, std::size_t end, std::span<completion> out) {
  if (begin == end) return 0;
  int count = 0;
  const int code =
      MPI_Testsome(static_cast<int>(end - begin), &requests_[begin], &count, indices_.data(), statuses_.data());
  if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS) {
    int error_class = MPI_SUCCESS;
    MPI_Error_class(code, &error_class);
    if (error_class != MPI_ERR_IN_STATUS) throw_error(code, "MPI_Testsome");
  }
  if (count <= 0) return 0;  // MPI_UNDEFINED is negative
  const auto done = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < done; ++i) {
    const int own_code = code == MPI_SUCCESS ? MPI_SUCCESS : statuses_[i].MPI_ERROR;
    finish(begin + static_cast<std::size_t>(indices_[i]), statuses_[i], own_code, out[i]);
  }
  // From the highest position down: what fills a hole is then never one that is done itself.
  std::sort(indices_.begin(), indices_.begin() + static_cast<std::ptrdiff_t>(done));
  for (std::size_t i = done; i-- > 0;) remove(begin + static_cast<std::size_t>(indices_[i]));
  return done;
}

bool request_table::cancel(std::uint32_t place, completion& now) {
  MPI_Status status;
  int code = MPI_SUCCESS;
  const bool withdrawn = withdraw(requests_[place], status, code);
  if (!withdrawn) finish(place, status, code, now);
  remove(place);
  return withdrawn;
}

void request_table::abandon() noexcept {
  for (std::size_t i = first_; i < last_; ++i) {
    if (entries_[i].home != nullptr) continue;  // its owner frees it
    if (entries_[i].way == direction::receive) {
      MPI_Status status;
      MPI_Cancel(&requests_[i]);
      MPI_Wait(&requests_[i], &status);
    } else if (entries_[i].way == direction::send) {
      MPI_Request_free(&requests_[i]);
    }  // a collective cannot be freed (MPI 3.1, 5.12): its request is left to MPI_Finalize
  }
  first_ = last_ = 0;
}

}  // namespace weft::mpi
