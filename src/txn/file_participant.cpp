// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/file_participant.hpp>

#include <array>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <weft/async/timer.hpp>
#include <weft/core/error.hpp>
#include <weft/journal/storage_sequence.hpp>

namespace weft {
namespace {

constexpr auto between_looks = std::chrono::microseconds(100);
constexpr std::string_view versions_folder = "versions";

void check(const storage_result& result, const char* what, const std::string& path) {
  if (!result) throw environment_error(fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(result.code)));
}

/// Forces files, and the directories that they and their names lie in, one after the other.
detail::storage_sequence force(storage& files, std::vector<std::string> paths, std::vector<std::string> directories) {
  for (const std::string& path : paths) {
    file_id file = file_id::none;
    check(files.open(file_space::shared, path, open_mode::read_write, file), "open", path);
    const storage_result forced = co_await detail::storage_wait::sync(files, file);
    files.close(file);
    check(forced, "force", path);
  }
  for (const std::string& directory : directories) {
    const storage_result forced = co_await detail::storage_wait::sync_directory(files, file_space::shared, directory);
    check(forced, "force", directory);
  }
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

task<> until_over(loop& on, const detail::storage_sequence& running) {
  while (running.under_way()) {
    on.note_outside_work();
    co_await sleep_for(on, between_looks);
  }
  running.check();
}

}  // namespace

file_participant::file_participant(context& ctx, std::string directory)
    : ctx_(ctx), directory_(std::move(directory)), name_("files:" + directory_) {
  if (ctx.storage() == nullptr) throw usage_error("a file participant needs a world with a storage");
}

storage& file_participant::files() const { return *ctx_.storage(); }

std::string file_participant::draft(std::string_view set) {
  if (set.empty() || set == versions_folder || set.find('/') != std::string_view::npos)
    throw usage_error("'" + std::string(set) + "' is no name of a set of files");
  std::uint64_t number = 0;
  ctx_.host().entropy(std::as_writable_bytes(std::span(&number, 1)));
  const std::string path = fmt::format("{}/{}/{}.{:016x}", directory_, versions_folder, set, number);
  check(files().make_directory(file_space::shared, path), "make", path);
  return path;
}

std::vector<std::string> file_participant::files_in(const std::string& directory) const {
  std::vector<directory_entry> entries;
  check(files().list(file_space::shared, directory, entries), "list", directory);
  std::vector<std::string> paths;
  for (const directory_entry& entry : entries) {
    if (entry.is_directory) throw usage_error(directory + " has a directory within: a set consists of files");
    paths.push_back(directory + "/" + entry.name);
  }
  if (paths.empty()) throw usage_error(directory + " has no files");
  return paths;
}

task<participant_vote> file_participant::prepare(transaction_id, std::string, std::string work) {
  const std::string parent = directory_ + "/" + std::string(versions_folder);
  const detail::storage_sequence forcing =
      force(files(), files_in(work), {work, parent, directory_, parent_of(directory_)});
  task<> waiting = until_over(ctx_.loop(), forcing);
  co_await waiting;
  participant_vote vote;
  vote.redo = std::move(work);
  co_return vote;
}

/// During a restart commits come again that later ones have replaced: only the last of each set is linked, so that no
/// reader sees older files again.
void file_participant::commit(const transaction_id&, std::string_view key, std::string_view redo) {
  const std::string set(key), draft(redo);
  const auto last = last_found_.find(set);
  if (last != last_found_.end() && last->second != draft) {
    passed_over_[set] = draft;
    return;
  }
  last_found_.erase(set);
  passed_over_.erase(set);
  link(set, draft);
}

void file_participant::link(const std::string& set, const std::string& to) {
  const std::string from_there = to.substr(directory_.size() + 1);  // the link lies in the directory
  check(files().replace_link(file_space::shared, from_there, path_of(set)), "link", path_of(set));
  versions& of = sets_[set];
  if (of.present == to) return;
  if (!of.before.empty()) remove_all(of.before);
  of.before = std::exchange(of.present, to);
}

void file_participant::abort(const transaction_id&, std::string_view key, std::string_view redo) {
  const std::string set(key), draft(redo);
  const auto last = last_found_.find(set);
  if (last == last_found_.end() || last->second != draft) return;  // the next attempt may publish it again
  last_found_.erase(last);
  if (const auto before = passed_over_.extract(set)) link(set, before.mapped());
  remove_all(draft);
}

void file_participant::recover(const transaction_id&, std::string_view key, std::string_view redo) {
  last_found_[std::string(key)] = redo;
}

/// What cannot be removed does no harm.
void file_participant::remove_all(const std::string& directory) {
  std::vector<directory_entry> entries;
  if (!files().list(file_space::shared, directory, entries)) return;
  for (const directory_entry& entry : entries)
    static_cast<void>(files().remove(file_space::shared, directory + "/" + entry.name));
  static_cast<void>(files().remove(file_space::shared, directory));
}

task<> file_participant::checkpoint() {
  if (sets_.empty()) co_return;
  const detail::storage_sequence forcing = force(files(), {}, {directory_});
  task<> waiting = until_over(ctx_.loop(), forcing);
  co_await waiting;
}

}  // namespace weft
