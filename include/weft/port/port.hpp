// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>
#include <weft/core/type_hash.hpp>
#include <weft/port/context.hpp>
#include <weft/port/hub.hpp>
#include <weft/port/packing.hpp>
#include <weft/port/receiver.hpp>

namespace weft {

/// Trivially destructible, so that it may stand in a `co_await` expression (g++ 12).
struct port_options {
  std::string_view name = {};  ///< for errors
  /// The handler runs in the loop's poll phase, also from `context::poll` within user code: for the library's own
  /// objects. It must be short, may post, and must call nothing of the user's.
  bool protocol = false;
  /// The object that owns the port repeats what is lost and knows what it has seen: heartbeats, transactions. MPI loses
  /// nothing; but a hostile simulated world may lose, repeat and reorder the messages of such a port, and of no other.
  bool tolerates_loss = false;
};

namespace detail {

/// A port with its handler: what the hub calls for each run of messages.
template <class Message, class Handler>
class receiver_of final : public receiver {
 public:
  template <class F>
  receiver_of(message_hub& hub, F&& handler, port_options options, source_location where)
      : receiver(hub, type_hash<Message>, type_name<Message>(), options.name, options.protocol, where),
        handler_(std::forward<F>(handler)),
        meets_hostility_(options.tolerates_loss && hub.is_hostile()) {}

  void deliver_fixed(int source, const std::byte* content, std::size_t bytes, unsigned count) override {
    if constexpr (packing<Message>::is_fixed) {
      if (bytes != count * sizeof(Message)) throw_bad_size(bytes);
      for (const std::byte* end = content + bytes; content != end; content += sizeof(Message)) {
        packed_value<Message> value(content);
        call(source, value.get());
      }
    } else {
      throw_bad_size(bytes);
    }
  }
  void deliver_encoded(int source, const std::byte* content, std::size_t bytes, unsigned count) override {
    const std::byte* end = content + bytes;
    for (; count > 0; --count) {
      std::uint32_t length;
      if (static_cast<std::size_t>(end - content) < sizeof length) throw_bad_size(bytes);
      std::memcpy(&length, content, sizeof length);
      content += sizeof length;
      if (static_cast<std::size_t>(end - content) < length) throw_bad_size(length);
      Message value = packing<Message>::unpack({content, length});
      content += length;
      call(source, value);
    }
  }
  incoming* prepare(int, std::uint64_t bytes) override {
    auto room = packing<Message>::room(bytes);
    return make_operation<incoming_value<decltype(room)>>(hub(), hub().on(), std::move(room), where());
  }
  void deliver_fetched(incoming& what) override {
    using room = decltype(packing<Message>::room(0));
    Message value = packing<Message>::unpack_large(std::move(static_cast<incoming_value<room>&>(what).value));
    call(what.peer_, value);
  }

 private:
  using result = std::invoke_result_t<Handler&, int, Message&&>;

  void call(int source, Message& value) noexcept {
    if (meets_hostility_) [[unlikely]] {
      suffer(source, value);
    } else {
      handle_one(source, value);
    }
  }
  /// What the world has in mind for the message. A postponed one comes after the next; if none comes, it is lost.
  void suffer(int source, Message& value) noexcept {
    if constexpr (std::is_copy_constructible_v<Message>) {
      std::vector<std::pair<int, Message>> before = std::exchange(postponed_, {});
      switch (hub().draw_fate()) {
        case message_fate::lose:
          break;
        case message_fate::postpone:
          postponed_.emplace_back(source, std::move(value));
          break;
        case message_fate::repeat: {
          Message copy = value;
          handle_one(source, copy);
          handle_one(source, value);
          break;
        }
        case message_fate::deliver:
          handle_one(source, value);
          break;
      }
      for (auto& one : before) handle_one(one.first, one.second);
    } else {
      if (hub().draw_fate() != message_fate::lose) handle_one(source, value);
    }
  }
  void handle_one(int source, Message& value) noexcept {
    try {
      if constexpr (std::is_same_v<result, task<>>) {
        launch(hub().on(), handle(handler_, source, std::move(value)), &tasks_, where());
      } else {
        static_assert(std::is_void_v<result>, "weft: a port's handler returns void or task<>");
        handler_(source, std::move(value));
      }
    } catch (...) {
      hub().handler_failed(*this);
    }
  }
  /// Keeps the message alive for as long as the handler runs, whether it takes it by value or by reference.
  static task<> handle(Handler& handler, int source, Message value) {
    task<> body = handler(source, std::move(value));
    co_await body;
  }

  Handler handler_;
  bool meets_hostility_;
  std::vector<std::pair<int, Message>> postponed_;
};

}  // namespace detail

/// Typed active messages: `post(rank, message)` on one rank has the handler called on another one's loop.
///
/// Constructing a port is collective in order only: every rank constructs the same ports, and objects that have some,
/// in the same order; it communicates nothing and never blocks. Messages for a port that the receiver has not
/// constructed yet wait, within the sender's credits; those for a destroyed one are dropped, counted and reported by
/// the context. Between two ranks the messages of one port are handled in the order in which they were posted, large
/// ones too.
///
/// The handler is `(int source, Message)`, or with `const Message&` or `Message&&`: a plain callable, or a coroutine
/// that returns `task<>` (several of them may then be under way; each keeps its message). An exception that leaves it
/// is reported and counted, and the loop goes on. It must not block, and must not destroy its own port. A named handler
/// is copied. Message: anything that `docs/values.md` allows; what is to be decoded must be default constructible.
///
/// A port must be destroyed before its context. Its coroutine handlers that still run are then cancelled.
template <class Message>
class port final {
 public:
  using value_type = Message;

  template <safe_callable F>
  requires std::is_invocable_v < std::decay_t<F>
  &, int,
      Message&& >
          port(context& ctx, F&& handler, port_options options = {}, source_location where = source_location::current())
      : hub_(ctx.hub()),
  receiver_(std::make_unique<detail::receiver_of<Message, std::decay_t<F>>>(ctx.hub(), std::forward<F>(handler),
                                                                            options, where)),
  number_(receiver_->number()) {}
  port(const port&) = delete;
  port& operator=(const port&) = delete;

  /// Sends a message. Never waits and never fails for lack of room: without credit it stays in this rank's queue.
  /// Throws `usage_error` for a rank that does not exist; what the message's own encoding throws passes through.
  void post(int rank, const Message& message) {
    detail::peer& to = peer_at(rank);
    if constexpr (packing::is_fixed) {
      if (to.run_port != number_ || static_cast<std::size_t>(to.limit - to.cursor) < sizeof(Message)) [[unlikely]]
        hub_.open_run(to, *receiver_, detail::run_kind::fixed, sizeof(Message));
      std::memcpy(to.cursor, &message, sizeof(Message));
      to.cursor += sizeof(Message);
    } else {
      post_encoded(to, packing::pack(message, hub_.scratch()), [&] { return packing::large(message); });
    }
    hub_.count_posted();
  }
  /// As above; a large vector is sent from its own memory.
  void post(int rank, Message&& message) requires(!detail::packing<Message>::is_fixed) {
    detail::peer& to = peer_at(rank);
    post_encoded(to, packing::pack(message, hub_.scratch()), [&] { return packing::large(std::move(message)); });
    hub_.count_posted();
  }

  /// As `post`, but refuses (returns false) when the message could not leave for lack of credit.
  template <class M>
  requires std::is_convertible_v<M&&, const Message&>
  bool try_post(int rank, M&& message) {
    if (!hub_.could_send(peer_at(rank))) return false;
    post(rank, std::forward<M>(message));
    return true;
  }

  /// Posts now, and is ready when the message can leave. Dropping or timing out the future does not take it back.
  /// Handlers must not block on it; they use `post` or `try_post`.
  template <class M>
  requires std::is_convertible_v<M&&, const Message&> future<void> post_wait(
      int rank, M&& message, source_location where = source_location::current()) {
    post(rank, std::forward<M>(message));
    return hub_.sendable(peer_at(rank), where);
  }

  /// What comes once it is destroyed is of no consequence, and is not reported.
  void retire() noexcept { receiver_->retire(); }

  /// The order of its construction, the same on every rank.
  std::uint32_t number() const noexcept { return number_; }

 private:
  using packing = detail::packing<Message>;

  detail::peer& peer_at(int rank) {
    if (last_ == nullptr || last_->rank != rank) [[unlikely]]
      last_ = &hub_.peer_at(rank);
    return *last_;
  }
  template <class Large>
  void post_encoded(detail::peer& to, std::span<const std::byte> bytes, Large&& large) {
    constexpr std::size_t length_bytes = sizeof(std::uint32_t);
    if (bytes.size() + length_bytes > detail::largest_in_frame) {
      auto owned = large();
      hub_.announce(to, *receiver_,
                    *detail::make_operation<detail::outgoing_value<decltype(owned)>>(hub_, hub_.on(), std::move(owned),
                                                                                     receiver_->where()));
      return;
    }
    if (to.run_port != number_ || static_cast<std::size_t>(to.limit - to.cursor) < length_bytes + bytes.size()) {
      hub_.open_run(to, *receiver_, detail::run_kind::encoded, length_bytes + bytes.size());
    }
    const auto length = static_cast<std::uint32_t>(bytes.size());
    std::memcpy(to.cursor, &length, length_bytes);
    if (length != 0) std::memcpy(to.cursor + length_bytes, bytes.data(), length);
    to.cursor += length_bytes + length;
    ++to.run_count;
  }

  detail::message_hub& hub_;
  std::unique_ptr<detail::receiver> receiver_;
  std::uint32_t number_;
  detail::peer* last_ = nullptr;
};

}  // namespace weft
