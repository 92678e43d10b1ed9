// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weft/journal/reader.hpp>
#include <weft/txn/replay.hpp>
#include <weft/world/storage.hpp>

namespace weft::txn_app {

/// A record of the protocol, where it stands.
struct seen_record {
  std::uint32_t writer = 0;
  journal_position end = 0;
  txn::record head;
  std::size_t redo_bytes = 0;
};

/// What one journal of a store holds.
struct seen_journal {
  journal_summary summary;
  txn::replay past;
  std::uint64_t protocol_records = 0;
};

/// The directory of a store, as it lies there; nothing is changed.
struct store_files {
  journal_run run;
  bool is_in_use = false;  ///< by a job that runs now
  std::deque<seen_journal> journals;
  std::vector<seen_record> records;  ///< of all journals, each in its order

  std::vector<txn::testimony> testimonies() const;
};

/// Throws `usage_error` if there is no store, `journal_damaged` for what a start would refuse as well.
store_files read_store(storage& files, const std::string& directory, damage_policy policy = damage_policy::refuse);

/// What a start would do about a transaction that somebody has promised.
struct doubt {
  transaction_id id;
  bool commits = false;
  std::string reason;
  std::uint32_t listed = 0;         ///< participants, under the implicit rule
  std::vector<std::uint32_t> promised;  ///< writers whose promise is there, without its outcome
};
/// Ascending by id.
std::vector<doubt> doubts_of(const store_files& store);

/// Everything that a start would find: keys and names with their values.
std::map<std::string, std::string> contents_of(store_files& store);

/// Takes the directory over as a start does, and replaces all journals by `writers` new ones that `write(writer, journal)`
/// fills. `before` sees what is there, between the two.
void rewrite_store(storage& files, const std::string& directory, damage_policy policy,
                   const std::function<std::uint32_t(store_files& found)>& before,
                   const std::function<void(std::uint32_t writer, journal& to)>& write);

}  // namespace weft::txn_app
