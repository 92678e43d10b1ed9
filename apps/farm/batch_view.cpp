// SPDX-License-Identifier: BSL-1.0
#include "batch_view.hpp"

#include <chrono>
#include <thread>

#include <weft/core/error.hpp>
#include <weft/journal/errors.hpp>
#include <weft/journal/reader.hpp>

#include "ledger_results.hpp"
#include "stored_tasks.hpp"

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

constexpr int most_tries = 20;

/// A lock that is only tried, to learn whether others hold it.
class tried_lock final : storage_listener {
 public:
  tried_lock(storage& files, const std::string& path) : files_(files) {
    if (!files.open(file_space::shared, path, open_mode::read_write, file_)) return;
    files.lock(file_, lock_kind::exclusive, time_point{}, static_cast<storage_listener*>(this));
    while (!is_done_) {
      if (!deliver_completions(files)) std::this_thread::sleep_for(100us);
    }
  }
  ~tried_lock() {
    if (file_ != file_id::none) files_.close(file_);
  }
  tried_lock(const tried_lock&) = delete;
  tried_lock& operator=(const tried_lock&) = delete;
  bool is_held_by_others() const noexcept { return is_done_ && result_.status == storage_status::timed_out; }

 private:
  void on_completed(const storage_result& result) noexcept override {
    result_ = result;
    is_done_ = true;
  }
  storage& files_;
  file_id file_ = file_id::none;
  storage_result result_;
  bool is_done_ = false;
};

history read_history(storage& files, const results_directory& directory) {
  journal_folder folder(files, file_space::shared, directory.journal_folder());
  const journal_format::epoch_state state = folder.read_epoch();
  folder.join({state.epoch, state.live, state.writers, 0, state.identity}, time_point{});
  while (!folder.ready()) {
    if (!deliver_completions(files)) std::this_thread::sleep_for(100us);
  }
  history past;
  journal_reader reader(folder);
  const auto visit = [&](const journal_record& record) { past.visit(record); };
  for (std::uint32_t writer = 0; writer < folder.run().writers; ++writer) reader.read(writer, visit);
  return past;
}

}  // namespace

batch_view look_at_batch(storage& files, const results_directory& directory) {
  if (look_into(files, directory) != directory_content::batch) {
    throw usage_error("there is no batch in '" + directory.path() + "' (no " + directory.tasks_file() + ")");
  }
  batch_view view;
  view.is_running = tried_lock(files, directory.lock_file()).is_held_by_others();
  // While a batch starts or writes, a look at its journal may come between two steps of it: then once more.
  for (int tries = 1;; ++tries) {
    try {
      view.past = read_history(files, directory);
      break;
    } catch (const weft::error&) {
      if (tries == most_tries) throw;
      std::this_thread::sleep_for(20ms);
    }
  }
  const auto& list = view.past.list();
  view.tasks = list ? read_stored_tasks(files, directory.tasks_file(), list->stored_bytes)
                    : read_stored_tasks(files, directory.tasks_file());
  return view;
}

const char* name_of(task_standing standing) noexcept {
  switch (standing) {
    case task_standing::done:
      return "done";
    case task_standing::failed:
      return "failed";
    case task_standing::skipped:
      return "skipped";
    case task_standing::running:
      return "running";
    case task_standing::lost:
      return "lost";
    case task_standing::waiting:
      return "waiting";
    case task_standing::blocked:
      return "blocked";
  }
  return "";
}

std::vector<task_standing> standings_of(const batch_view& batch) {
  std::vector<task_standing> found(batch.tasks.size(), task_standing::waiting);
  for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
    const std::uint64_t id = batch.tasks[i].id;
    const history::standing task = batch.past.of(id);
    if (task.is_done) {
      found[i] = task_standing::done;
    } else if (task.is_failed) {
      found[i] = task_standing::failed;
    } else if (batch.past.open_leases().count(id) != 0) {
      found[i] = batch.is_running ? task_standing::running : task_standing::lost;
    }
  }
  const bool runs_dependents = batch.past.runs_dependents();
  // `after` may point forward, so until nothing changes; chains that run backwards through the list are rare.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
      if (found[i] != task_standing::waiting && found[i] != task_standing::blocked) continue;
      task_standing now = task_standing::waiting;
      for (const std::uint64_t parent : batch.tasks[i].parents) {
        const task_standing before = found[place_in(batch.tasks, parent)];
        const bool is_bad = before == task_standing::failed || before == task_standing::skipped;
        if (before == task_standing::done || (is_bad && runs_dependents)) continue;
        if (now != task_standing::skipped) now = is_bad ? task_standing::skipped : task_standing::blocked;
      }
      changed = changed || now != found[i];
      found[i] = now;
    }
  }
  return found;
}

std::string find_directory(storage& files, const std::string& given) {
  const auto is_batch = [&](const std::string& path) {
    return look_into(files, results_directory(path)) == directory_content::batch;
  };
  if (!given.empty()) return !is_batch(given) && is_batch(given + ".weft") ? given + ".weft" : given;
  std::vector<directory_entry> entries;
  std::vector<std::string> found;
  files.list(file_space::shared, ".", entries);
  for (const directory_entry& entry : entries) {
    if (entry.is_directory && entry.name.ends_with(".weft") && is_batch(entry.name)) found.push_back(entry.name);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) throw usage_error("there is no batch here; say which results directory you mean");
  throw usage_error("there are several batches here (" + found[0] + ", " + found[1] +
                    (found.size() > 2 ? ", ..." : "") + "); say which one you mean");
}

}  // namespace weft::farm
