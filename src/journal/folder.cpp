// SPDX-License-Identifier: BSL-1.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>
#include <weft/core/planted_fault.hpp>
#include <weft/journal/errors.hpp>
#include <weft/journal/folder.hpp>

namespace weft {
namespace {

using detail::check_storage;
using detail::storage_sequence;
using detail::storage_wait;
using journal_format::epoch_state;

constexpr std::string_view lock_name = "lock";
constexpr std::string_view claim_lock_name = "claim.lock";
constexpr std::string_view claim_prefix = "claim-";
constexpr std::string_view new_epoch_prefix = "epoch.new-";

/// What a start may take from its publication to its end: beyond the deadline, which the wait for an earlier run may
/// have used up.
constexpr std::chrono::seconds patience{5};

/// Closes a file, which releases its locks, when the sequence ends, however it ends.
class closed_at_end {
 public:
  closed_at_end(storage& files, file_id file) noexcept : files_(files), file_(file) {}
  ~closed_at_end() { close(); }
  closed_at_end(const closed_at_end&) = delete;
  closed_at_end& operator=(const closed_at_end&) = delete;
  file_id id() const noexcept { return file_; }
  void close() noexcept {
    if (file_ != file_id::none) files_.close(std::exchange(file_, file_id::none));
  }

 private:
  storage& files_;
  file_id file_;
};

std::string claim_name(std::uint32_t epoch) { return fmt::format("{}{:08x}", claim_prefix, epoch); }

std::string parent_path(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return "";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The number behind `prefix`, or 0.
std::uint32_t number_of(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return 0;
  std::uint64_t number = 0;
  for (const char c : name.substr(prefix.size())) {
    const bool is_digit = c >= '0' && c <= '9';
    if ((!is_digit && (c < 'a' || c > 'f')) || number > 0xfffffff) return 0;
    number = number * 16 + static_cast<std::uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return static_cast<std::uint32_t>(number);
}

/// A file system without locks is no reason to refuse: the epoch fences without them.
bool has_no_locks(const storage_result& result) noexcept {
  return result.status == storage_status::failed &&
         (result.code == ENOLCK || result.code == ENOSYS || result.code == EOPNOTSUPP || result.code == EINVAL);
}

}  // namespace

journal_folder::journal_folder(weft::storage& files, file_space space, std::string path)
    : files_(files), space_(space), path_(std::move(path)), epoch_path_(path_of("epoch")) {}

journal_folder::~journal_folder() {
  if (lock_file_ != file_id::none) files_.close(lock_file_);
}

void journal_folder::claim(time_point deadline, std::uint64_t identity) {
  require_ready();
  under_way_ = claiming(deadline, identity);
}

void journal_folder::join(const journal_run& run, time_point deadline) {
  require_ready();
  run_ = run;
  under_way_ = joining(deadline);
}

void journal_folder::adopt(std::uint32_t writers, time_point deadline) {
  require_ready();
  under_way_ = adopting(writers, deadline);
}

void journal_folder::require_ready() const {
  if (under_way_.under_way()) throw usage_error("the last call of this journal folder is not done yet");
}

bool journal_folder::ready() {
  if (under_way_.under_way()) return false;
  under_way_.check();
  return true;
}

storage_sequence journal_folder::claiming(time_point deadline, std::uint64_t identity) {
  check_storage(files_.make_directory(space_, path_), "make the folder", path_);
  lock_file_ = open_file(lock_name, open_mode::create);
  storage_result got = co_await storage_wait::lock(files_, lock_file_, lock_kind::exclusive, deadline);
  if (!got && got.status != storage_status::timed_out && !has_no_locks(got)) check_storage(got, "lock", path_);
  predecessor_ended_ = static_cast<bool>(got);
  if (!predecessor_ended_) WEFT_REACHED("epochs.predecessor_is_still_there");
  // Starts exclude each other by a lock of its own, because an earlier run's ranks may hold the other one for ever.
  // Where there are no locks, the numbers that `take_number` hands out once only are what keeps two starts apart.
  closed_at_end claim_lock(files_, open_file(claim_lock_name, open_mode::create));
  got = co_await storage_wait::lock(files_, claim_lock.id(), lock_kind::exclusive, saturating_add(deadline, patience));
  if (got.status == storage_status::timed_out) throw timed_out(("another start of " + path_).c_str(), {});
  if (!got && !has_no_locks(got)) check_storage(got, "lock", path_);

  epoch_state state = read_or_new(identity);
  take_number(state);
  WEFT_CRASH_POINT("epochs.number_is_taken");
  state.is_settled = false;
  run_ = {state.epoch, state.live, state.writers, 0, state.identity};
  const file_id made = make_new(state);
  got = co_await storage_wait::sync(files_, made);
  publish(made, got);
  WEFT_CRASH_POINT("epochs.new_run_is_published");
  got = co_await storage_wait::sync_directory(files_, space_, path_);
  check_storage(got, "force the folder", path_);
  const std::string parent = parent_path(path_);  // the folder itself may be new
  got = co_await storage_wait::sync_directory(files_, space_, parent);
  check_storage(got, "force the folder", parent);
  claim_lock.close();

  files_.unlock(lock_file_);
  got = co_await storage_wait::lock(files_, lock_file_, lock_kind::shared, saturating_add(deadline, patience));
  holds_lock_ = static_cast<bool>(got);
}

storage_sequence journal_folder::joining(time_point deadline) {
  lock_file_ = open_file(lock_name, open_mode::create);
  const storage_result got = co_await storage_wait::lock(files_, lock_file_, lock_kind::shared, deadline);
  holds_lock_ = static_cast<bool>(got);
}

storage_sequence journal_folder::adopting(std::uint32_t writers, time_point deadline) {
  closed_at_end claim_lock(files_, open_file(claim_lock_name, open_mode::create));
  storage_result got =
      co_await storage_wait::lock(files_, claim_lock.id(), lock_kind::exclusive, saturating_add(deadline, patience));
  if (got.status == storage_status::timed_out) throw timed_out(("another start of " + path_).c_str(), {});
  if (!got && !has_no_locks(got)) check_storage(got, "lock", path_);
  epoch_state state = read_epoch();
  if (state.epoch != run_.epoch && !WEFT_PLANTED("epochs.newer_run_is_replaced")) {
    WEFT_REACHED("epochs.start_was_overtaken");
    throw fenced(path_, run_.epoch, state.epoch);
  }
  state.live = state.epoch;
  state.writers = writers;
  // In two steps: a rank that saw the new content before its name is forced could acknowledge what the next start, back
  // at the old content after a power cut, would not read.
  for (const bool settled : {false, true}) {
    state.is_settled = settled;
    const file_id made = make_new(state);
    got = co_await storage_wait::sync(files_, made);
    publish(made, got);
    WEFT_CRASH_POINT("epochs.new_journals_are_published");
    got = co_await storage_wait::sync_directory(files_, space_, path_);
    check_storage(got, "force the folder", path_);
  }
  remove_leftovers();
}

// --- the epoch file
// ----------------------------------------------------------------------------------------------------

epoch_state journal_folder::read_epoch() {
  file_id file = file_id::none;
  check_storage(files_.open(space_, epoch_path_, open_mode::read_only, file), "open", epoch_path_);
  const closed_at_end opened(files_, file);
  std::array<std::byte, journal_format::epoch_bytes> bytes;
  std::size_t read = 0;
  check_storage(files_.read(file, 0, bytes, read), "read", epoch_path_);
  const auto state = journal_format::decode_epoch(std::span(bytes).first(read));
  if (!state) throw journal_damaged(fmt::format("{} is damaged", epoch_path_), epoch_path_, 0);
  return *state;
}

bool journal_folder::may_acknowledge() {
  if (WEFT_PLANTED("epochs.acknowledged_without_a_look")) return true;
  const epoch_state state = read_epoch();
  if (state.epoch != run_.epoch) {
    WEFT_REACHED("epochs.fenced");
    throw fenced(path_, run_.epoch, state.epoch);
  }
  return state.live == run_.epoch && state.is_settled;
}

void journal_folder::throw_if_overtaken() {
  std::uint32_t newest = run_.epoch;
  try {
    newest = read_epoch().epoch;
  } catch (const error&) {
    return;
  }
  if (newest != run_.epoch) throw fenced(path_, run_.epoch, newest);
}

epoch_state journal_folder::read_or_new(std::uint64_t identity) {
  file_id file = file_id::none;
  const storage_result opened = files_.open(space_, epoch_path_, open_mode::read_only, file);
  if (opened) {
    files_.close(file);
    return read_epoch();
  }
  if (opened.status != storage_status::missing) check_storage(opened, "open", epoch_path_);
  std::vector<directory_entry> entries;
  check_storage(files_.list(space_, path_, entries), "list", path_);
  // No journal is written before the epoch file is there for certain.
  for (const directory_entry& entry : entries) {
    if (!journal_format::parse_file_name(entry.name)) continue;
    throw journal_damaged(fmt::format("{} is missing, but {} is there", epoch_path_, entry.name), epoch_path_, 0);
  }
  epoch_state fresh;
  fresh.identity = identity;
  return fresh;
}

/// Sets the epoch to a number that no other run has or had.
void journal_folder::take_number(epoch_state& state) {
  std::vector<directory_entry> entries;
  check_storage(files_.list(space_, path_, entries), "list", path_);
  for (const directory_entry& entry : entries) {
    const auto segment = journal_format::parse_file_name(entry.name);
    state.epoch = std::max({state.epoch, number_of(entry.name, claim_prefix), segment ? segment->epoch : 0});
  }
  for (;;) {
    ++state.epoch;
    const std::string name = path_of(claim_name(state.epoch));
    file_id claimed = file_id::none;
    const storage_result made = files_.open(space_, name, open_mode::create_exclusive, claimed);
    if (made.status == storage_status::exists) continue;
    check_storage(made, "make", name);
    files_.close(claimed);
    return;
  }
}

std::string journal_folder::new_epoch_path() const {
  return path_of(fmt::format("{}{:08x}", new_epoch_prefix, run_.epoch));
}

/// The content that `publish` puts in place, to be forced in between.
file_id journal_folder::make_new(const epoch_state& state) {
  file_id file = file_id::none;
  check_storage(files_.open(space_, new_epoch_path(), open_mode::create, file), "make", new_epoch_path());
  std::array<std::byte, journal_format::epoch_bytes> bytes;
  journal_format::encode(state, bytes);
  const storage_result written = files_.write(file, 0, bytes);
  if (!written) files_.close(file);
  check_storage(written, "write", new_epoch_path());
  return file;
}

void journal_folder::publish(file_id made, const storage_result& forced) {
  files_.close(made);
  check_storage(forced, "force", new_epoch_path());
  check_storage(files_.rename(space_, new_epoch_path(), epoch_path_), "publish", epoch_path_);
}

// --- files
// -------------------------------------------------------------------------------------------------------------

file_id journal_folder::open_file(std::string_view name, open_mode mode) {
  file_id file = file_id::none;
  const std::string path = path_of(name);
  check_storage(files_.open(space_, path, mode, file), "open", path);
  return file;
}

/// Journals, claims and unfinished epoch files of earlier runs. Those of later ones are none of our business, and what
/// cannot be removed is left to the next run.
void journal_folder::remove_leftovers() noexcept {
  std::vector<directory_entry> entries;
  if (!files_.list(space_, path_, entries)) return;
  for (const directory_entry& entry : entries) {
    const auto segment = journal_format::parse_file_name(entry.name);
    const std::uint32_t made_by =
        segment ? segment->epoch
                : std::max(number_of(entry.name, claim_prefix), number_of(entry.name, new_epoch_prefix));
    if (made_by != 0 && made_by < run_.epoch) static_cast<void>(files_.remove(space_, path_of(entry.name)));
  }
}

}  // namespace weft
