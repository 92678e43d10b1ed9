// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <weft/port/context.hpp>
#include <weft/txn/user_participant.hpp>
#include <weft/world/storage.hpp>

namespace weft {

/// Sets of files that transactions replace: a set is one directory, which appears under its name by a link, in one step,
/// when the transaction commits. Whoever opens the directory `path_of("state")` sees the old files or the new ones, never a mixture: what
/// a checkpoint of many ranks' files needs.
///
///     weft::file_participant files(ctx, "checkpoints");
///     store.enlist(files);                                     // on each rank, before open()
///     const std::string draft = files.draft("state");          // one rank; then told to the others
///     ...                                                      // any ranks write files into it
///     co_await store.transact([&](auto& tx) -> weft::task<> {
///       files.publish(tx, "state", draft);                     // all are forced to disk before the vote
///       tx.put(last_step, step);                               // with the link, or not at all
///       co_return;
///     });
///
/// The directory is in the space that all ranks share. A reader that opens several files by their path resolves the link first
/// (`std::filesystem::canonical(files.path_of("state"))`): it might be replaced between two of them. The set that is replaced
/// stays until the next one is, for readers that are in it. A draft whose transaction has aborted stays for the next attempt,
/// until `discard`. Drafts of a job that died, and what it has replaced last, are left in `DIRECTORY/versions`.
class file_participant final : public participant {
 public:
  file_participant(context& ctx, std::string directory);

  /// A new, empty directory for the files of a set; returns its path. Files only, no directories within.
  std::string draft(std::string_view set);
  /// Removes a draft that is not to be published.
  void discard(const std::string& draft) { remove_all(draft); }
  /// The files of the draft become those of the set, if and when the transaction commits.
  template <class Transaction>
  void publish(Transaction& tx, std::string_view set, const std::string& draft) {
    tx.enlist(*this, set, draft);
  }
  /// Where the files of a set are seen: a link. It is missing until a first draft has been published.
  std::string path_of(std::string_view set) const { return directory_ + "/" + std::string(set); }

  std::string_view name() const override { return name_; }
  task<participant_vote> prepare(transaction_id id, std::string key, std::string work) override;
  void commit(const transaction_id& id, std::string_view key, std::string_view redo) override;
  void abort(const transaction_id& id, std::string_view key, std::string_view redo) override;
  void recover(const transaction_id& id, std::string_view key, std::string_view redo) override;
  task<> checkpoint() override;

 private:
  struct versions {
    std::string present;
    std::string before;
  };
  storage& files() const;
  std::vector<std::string> files_in(const std::string& directory) const;
  void link(const std::string& set, const std::string& to);
  void remove_all(const std::string& directory);

  context& ctx_;
  std::string directory_;
  std::string name_;
  std::map<std::string, versions> sets_;            ///< published by this rank in this run
  std::map<std::string, std::string> last_found_;   ///< by set, at a restart: the last draft that was promised
  std::map<std::string, std::string> passed_over_;  ///< committed before that one
};

}  // namespace weft
