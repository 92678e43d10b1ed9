// SPDX-License-Identifier: BSL-1.0
#include <weft/message/rpc_engine.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include <weft/async/spawn.hpp>
#include <weft/async/timeout.hpp>
#include <weft/message/remote_error.hpp>

namespace weft::detail {
namespace {

template <class Header>
void make_room_for(byte_buffer& buffer) {
  buffer.clear();
  buffer.resize(sizeof(Header));
}

constexpr std::uint32_t cast_bit = 1u << 31;
constexpr std::uint32_t state_bit = 1u << 30;
constexpr std::uint32_t deadline_bit = 1u << 29;

template <class T>
void append(byte_buffer& out, const T& value) {
  out.append(&value, sizeof value);
}

template <class T>
T take_off(std::span<const std::byte>& bytes) {
  if (bytes.size() < sizeof(T)) throw decode_error("a remote call is shorter than its header");
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes = bytes.subspan(sizeof value);
  return value;
}

}  // namespace

void call_header::append_to(byte_buffer& out) const {
  append(out, function | (is_cast ? cast_bit : 0) | (takes_state ? state_bit : 0) | (within != 0 ? deadline_bit : 0));
  if (is_cast) return;
  append(out, of);
  if (within != 0) append(out, within);
}

call_header call_header::take(std::span<const std::byte>& bytes) {
  call_header made;
  const auto front = take_off<std::uint32_t>(bytes);
  made.function = front & ~(cast_bit | state_bit | deadline_bit);
  made.is_cast = (front & cast_bit) != 0;
  made.takes_state = (front & state_bit) != 0;
  if (made.is_cast) return made;
  made.of = take_off<ticket>(bytes);
  if ((front & deadline_bit) != 0) made.within = take_off<std::int64_t>(bytes);
  return made;
}

rpc_overloaded overload(int rank, source_location caller) {
  return rpc_overloaded("rank " + std::to_string(rank) + " runs as many remote functions as it may", caller);
}

rpc_engine::rpc_engine(context& ctx, void* state, std::uint64_t state_place, rpc_options options, source_location where)
    : on_(ctx.loop()),
      table_(remote_table::of_program()),
      state_(state),
      state_place_(state_place),
      options_(options),
      where_(where),
      calls_(ctx, handle_call{this}, {.name = "rpc calls"}, where),
      answers_(ctx, handle_answer{this}, {.name = "rpc answers", .protocol = true}, where) {
  tasks_.owner = this;
  tasks_.failed = [](task_group& self, std::exception_ptr error, source_location place) noexcept {
    static_cast<call_tasks&>(self).owner->on_.report(std::move(error), "a remote function that was cast", place);
  };
  on_.add_source(*this);
}

rpc_engine::~rpc_engine() {
  on_.remove_source(*this);
  tasks_.cancel_all();
  while (pending_call* waits = waiting_.any()) {
    forget(*waits);
    waits->of = nullptr;
    waits->arrived(*waits, answer_kind::withdrawn, {});
  }
}

byte_buffer& rpc_engine::begin_call(call_header header, duration within) {
  header.of = waiting_.next();
  header.within = within == duration::max() ? 0 : within.count();
  arguments_.clear();
  header.append_to(arguments_);
  return arguments_;
}

byte_buffer& rpc_engine::begin_cast(call_header header) {
  header.is_cast = true;
  arguments_.clear();
  header.append_to(arguments_);
  return arguments_;
}

void rpc_engine::call(pending_call& waits, int rank, duration within) {
  if (within <= duration::zero()) return waits.fire(waits);
  calls_.post(rank, parcel(arguments_.bytes()));
  waits.of = this;
  waits.name = waiting_.add(waits);
  waits.callee = rank;
  if (within != duration::max()) on_.timers().add(waits, saturating_add(on_.now(), within));
}

void rpc_engine::cast(int rank) { calls_.post(rank, parcel(arguments_.bytes())); }

void rpc_engine::forget(pending_call& waits) noexcept {
  if (waits.queued()) on_.timers().cancel(waits);
  waiting_.remove(waits.name);
}

void rpc_engine::withdraw(pending_call& waits) noexcept {
  forget(waits);
  waits.of = nullptr;
  const answer_header header{waits.name, answer_kind::withdrawn, 0};
  try {
    answers_.post(waits.callee, parcel(std::as_bytes(std::span(&header, 1))));
  } catch (...) {
    on_.fail(std::current_exception());
  }
}

// --- answering
// ---------------------------------------------------------------------------------------------------------

rpc_engine::caller& rpc_engine::caller_at(int rank) {
  if (rank != last_caller_rank_) {
    last_caller_ = &callers_[rank];
    last_caller_rank_ = rank;
  }
  return *last_caller_;
}

void rpc_engine::on_call(int source, const parcel& what) {
  std::span<const std::byte> rest = what.bytes();
  const call_header header = call_header::take(rest);
  if (header.is_cast) {  // nobody waits for what it throws: the port reports it
    serve(source, header, rest);
    return;
  }
  caller& from = caller_at(source);
  from.last = header.of.sequence;
  if (!from.withdrawn.empty() && was_withdrawn(from, header.of.sequence)) return;
  try {
    serve(source, header, rest);
  } catch (const std::exception& e) {
    answer_failure(source, header, failure_of(e));
  } catch (...) {
    answer_failure(source, header, failure_of(std::current_exception()));
  }
}

void rpc_engine::serve(int source, const call_header& header, std::span<const std::byte> arguments) {
  const remote_entry& entry = table_.at(header.function, header.takes_state ? state_place_ : type_hash<std::tuple<>>);
  if (entry.call != nullptr) {
    run_at_once(source, header, entry, arguments);
  } else {
    start(source, header, entry, arguments);
  }
}

void rpc_engine::run_at_once(int source, const call_header& header, const remote_entry& what,
                             std::span<const std::byte> arguments) {
  make_room_for<answer_header>(result_);
  what.call(&state_, arguments, result_);
  if (!header.is_cast) answer(source, header, answer_kind::value, result_);
}

void rpc_engine::start(int source, const call_header& header, const remote_entry& what,
                       std::span<const std::byte> arguments) {
  if (tasks_.size() >= options_.most_running) {
    if (header.is_cast)
      throw rpc_overloaded("a cast was dropped: " + std::to_string(tasks_.size()) + " remote functions run here");
    make_room_for<answer_header>(result_);
    answer(source, header, answer_kind::overloaded, result_);
    return;
  }
  auto made = std::make_unique<running_call>();
  made->source = source;
  made->header = header;
  make_room_for<answer_header>(made->result);
  task<> body = what.start(&state_, arguments, made->result);
  task<> whole = finish(*this, std::move(made), std::move(body));
  future<void> running = launch(on_, std::move(whole), &tasks_, where_);
  if (header.is_cast) return;
  running_.emplace(name_of(source, header.of.sequence), std::move(running));
}

/// Takes a coroutine's name off the list when it ends, however it does.
class rpc_engine::leaving {
 public:
  leaving(rpc_engine& engine, std::uint64_t name) noexcept : engine_(engine), name_(name) {}
  ~leaving() { engine_.running_.erase(name_); }
  leaving(const leaving&) = delete;
  leaving& operator=(const leaving&) = delete;

 private:
  rpc_engine& engine_;
  std::uint64_t name_;
};

/// Runs the function and sends its answer; the caller's time is the function's.
task<> rpc_engine::finish(rpc_engine& self, std::unique_ptr<running_call> call, task<> body) {
  const bool is_cast = call->header.is_cast;
  const leaving at_the_end(self, is_cast ? none : name_of(call->source, call->header.of.sequence));
  try {
    if (call->header.within > 0) {
      task<> bounded = with_timeout(std::move(body), duration(call->header.within));
      co_await bounded;
    } else {
      co_await body;
    }
    if (!is_cast) self.answer(call->source, call->header, answer_kind::value, call->result);
  } catch (const std::exception& e) {
    if (is_cast) throw;
    self.answer_failure(call->source, call->header, failure_of(e));
  } catch (...) {
    if (is_cast) throw;
    self.answer_failure(call->source, call->header, failure_of(std::current_exception()));
  }
}

void rpc_engine::answer(int source, const call_header& header, answer_kind kind, byte_buffer& result) {
  const answer_header front{header.of, kind, 0};
  std::memcpy(result.data(), &front, sizeof front);
  answers_.post(source, parcel(result.bytes()));
}

void rpc_engine::answer_failure(int source, const call_header& header, const remote_failure& what) {
  byte_buffer result;
  make_room_for<answer_header>(result);
  encode(result, what);
  answer(source, header, answer_kind::failed, result);
}

void rpc_engine::on_answer(int source, const parcel& what) {
  const auto header = what.header<answer_header>();
  if (header.kind == answer_kind::withdrawn) {
    on_withdrawal(source, header.of.sequence);
    return;
  }
  pending_call* waits = waiting_.find(header.of);
  if (waits == nullptr) return;  // it was withdrawn, and this is late
  forget(*waits);
  waits->of = nullptr;
  waits->arrived(*waits, header.kind, what.after<answer_header>());
}

void rpc_engine::on_withdrawal(int source, std::uint32_t sequence) {
  caller& from = caller_at(source);
  if (static_cast<std::int32_t>(sequence - from.last) > 0) {
    from.withdrawn.push_back(sequence);
    return;
  }
  to_cancel_.push_back(name_of(source, sequence));
  on_.note_work();
}

bool rpc_engine::was_withdrawn(caller& from, std::uint32_t sequence) {
  return std::erase(from.withdrawn, sequence) > 0;
}

bool rpc_engine::run() {
  if (to_cancel_.empty()) return false;
  for (const std::uint64_t name : std::exchange(to_cancel_, {})) {
    const auto found = running_.find(name);
    if (found == running_.end()) continue;
    future<void> ending = std::move(found->second);
    running_.erase(found);
    ending.cancel();
  }
  return true;
}

}  // namespace weft::detail
