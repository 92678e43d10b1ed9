// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/core/random.hpp>
#include <weft/world/host.hpp>
#include <weft/world/time.hpp>

namespace weft::sim {

/// A simulated process, as its own program sees it. All calls return at once; time passes between the calls of its
/// actor. Files are those of the cluster's shared disk: what is written there is not forced.
class simulated_process {
 public:
  virtual const child_program& program() const = 0;
  virtual int rank() const = 0;  ///< of the rank that it, or the one above it, was started by
  virtual time_point now() const = 0;
  virtual random_source& random() = 0;

  virtual void print(output_stream stream, std::string_view text) = 0;
  /// Adds to the end of a file, which is made if it is missing. False if its directory is missing, or the disk is full.
  virtual bool append(std::string_view path, std::string_view text) = 0;
  /// Holds a shared lock on the file to the process's end. False if the file is missing, or locked exclusively.
  virtual bool try_lock_shared(std::string_view path) = 0;

  /// `on_time(what)` comes after so long.
  virtual void call_in(duration after, std::uint64_t what) = 0;
  /// A child of this process, scripted like any other; it dies with this process.
  virtual child_id start(const child_program& program) = 0;
  virtual bool kill(child_id child, int signal) = 0;
  virtual bool give(child_id child, std::span<const std::byte> bytes) = 0;
  virtual void exit(int code) = 0;

 protected:
  ~simulated_process() = default;
};

/// What a simulated child does that decides by itself: it is told what happens, as a process is, and acts through
/// `self`, which is the same in each call. It must draw from `self.random()` and look at no clock but `self.now()`.
class child_actor {
 public:
  virtual ~child_actor() = default;
  virtual void begin(simulated_process& self) = 0;
  virtual void on_input(simulated_process& self, std::span<const std::byte> piece);
  /// Also when the rank dies that has started it. By default the process exits with 0.
  virtual void on_input_end(simulated_process& self);
  virtual void on_time(simulated_process& self, std::uint64_t what);
  /// Output or end of a child of its own.
  virtual void on_child(simulated_process& self, const host_event& event);
  /// True: it goes on in spite of the signal. Nobody is asked about SIGKILL.
  virtual bool survives(simulated_process& self, int signal);
};

/// What a scripted child does on its way.
struct child_step {
  duration at{0};        ///< after its start
  std::string out, err;  ///< printed
  std::string file;      ///< not empty: `text` is added to this file of the shared disk
  std::string text;
};

/// What a simulated child process does.
struct child_script {
  duration runs = std::chrono::milliseconds(1);  ///< then it ends; `duration::max()`: it hangs until it is killed
  std::vector<child_step> steps;                 ///< those up to its end
  std::string out, err;                          ///< printed when it ends; before, if it prints endlessly
  duration prints_every{0};                      ///< not 0: prints `out` again and again
  int exit_code = 0;
  int signal = 0;               ///< not 0: dies of it
  bool is_stubborn = false;     ///< no signal but SIGKILL ends it
  std::shared_ptr<child_actor> actor = nullptr;  ///< not null: decides by itself, and nothing of the above holds
};

/// Who has started a child, or the process above it.
struct child_origin {
  int rank = 0;
  int life = 1;  ///< of the world, from 1
};

/// What a child does: asked at each start.
using child_scripts = std::function<child_script(const child_program& program, const child_origin& origin)>;

}  // namespace weft::sim
