// SPDX-License-Identifier: BSL-1.0
#include "fake_host.hpp"

#include <weft/core/error.hpp>

namespace weft::testing {

bool fake_host_state::raise(int signal) {
  auto watched = signals.find(signal);
  if (watched == signals.end()) return false;
  host_event event{};
  event.what = host_event::kind::signal;
  event.signal = signal;
  event.token = watched->second;
  news.push_back(event);
  return true;
}

void fake_host_state::make_ready(int descriptor, bool readable, bool writable) {
  auto watched = descriptors.find(descriptor);
  if (watched == descriptors.end()) return;
  auto add = [&](host_event::kind what) {
    host_event event{};
    event.what = what;
    event.descriptor = descriptor;
    event.token = watched->second.token;
    news.push_back(event);
  };
  if (readable && watched->second.readable) add(host_event::kind::readable);
  if (writable && watched->second.writable) add(host_event::kind::writable);
}

child_id fake_host::start(const child_program& program, void*) {
  throw world_error("the fake host starts no programs: " + (program.argv.empty() ? "" : program.argv.front()), 0);
}

void fake_host::watch_descriptor(int descriptor, bool readable, bool writable, void* token) {
  state_->descriptors[descriptor] = {readable, writable, token};
}

std::optional<std::string> fake_host::variable(std::string_view name) const {
  auto found = state_->variables.find(name);
  if (found == state_->variables.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> fake_host::variable_names(std::string_view prefix) const {
  std::vector<std::string> names;
  for (const auto& entry : state_->variables) {
    if (std::string_view(entry.first).substr(0, prefix.size()) == prefix) names.push_back(entry.first);
  }
  return names;
}

void fake_host::entropy(std::span<std::byte> out) {
  for (std::byte& b : out) {
    state_->seed = state_->seed * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator
    b = static_cast<std::byte>(state_->seed >> 56);
  }
}

void fake_host::write(output_stream stream, std::string_view text) {
  (stream == output_stream::out ? state_->output : state_->error_output).append(text);
}

std::size_t fake_host::poll(std::span<host_event> out) {
  std::size_t n = 0;
  while (n < out.size() && !state_->news.empty()) {
    out[n++] = state_->news.front();
    state_->news.pop_front();
  }
  return n;
}

bool fake_host::watching() const noexcept {
  return !state_->signals.empty() || !state_->descriptors.empty() || !state_->news.empty();
}

}  // namespace weft::testing
