// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weft/journal/folder.hpp>
#include <weft/journal/journal.hpp>

namespace weft {

/// A record as it is read back. The payload is valid during the visit only.
struct journal_record {
  std::uint16_t type = 0;
  std::span<const std::byte> payload;
  std::uint32_t epoch = 0;
  std::uint32_t writer = 0;
  journal_position end = 0;  ///< what `append` gave
  bool in_snapshot = false;
};

/// "The journal of `writer` had acknowledged up to `durable`", found in another one. Plain bytes, to be exchanged.
struct journal_witness {
  std::uint32_t writer = 0;
  std::uint32_t reserved = 0;
  journal_position durable = 0;
};

/// Bytes at the end of a journal that are no whole records, and that nothing says were ever acknowledged.
struct journal_cut {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// What became of reading one journal.
struct journal_summary {
  std::uint32_t writer = 0;
  journal_position end = 0;   ///< of the last record that was read
  std::uint64_t records = 0;  ///< visited
  std::string end_file;       ///< where it ends
  std::uint64_t end_offset = 0;
  std::optional<journal_cut> cut;
  std::vector<journal_witness> witnesses;
};

/// What to do about damage in what had been acknowledged. `cut` is for a user who says so, after the refusal's text: it
/// goes on with what stands before the damage.
enum class damage_policy : std::uint8_t { refuse, cut };

/// Reads the journals of the live epoch, `run().live`, of a folder that this run has claimed or joined. Any rank may
/// read any of them, whatever number of ranks there is now; each must be read by somebody:
///
///     for (w = rank; w < folder.run().writers; w += ranks) summaries.push_back(reader.read(w, visit));
///     ...                                                     // exchange the witnesses of all summaries among the
///     ranks reader.check_witnesses(summaries, all_witnesses);       // only now is what was visited known to be all
class journal_reader {
 public:
  explicit journal_reader(journal_folder& folder, damage_policy policy = damage_policy::refuse) noexcept
      : folder_(folder), policy_(policy) {}

  /// Calls `visit(const journal_record&)` for each record since the newest whole snapshot, in the order in which they
  /// were appended. Changes nothing on disk. Throws `journal_damaged` where damage stands before something that says
  /// it had been acknowledged, `world_error` where reading fails. What `cut` says is to be told to the user.
  template <class Visit>
  journal_summary read(std::uint32_t writer, Visit&& visit) {
    return read(
        writer,
        [](void* to, const journal_record& record) { (*static_cast<std::remove_reference_t<Visit>*>(to))(record); },
        const_cast<void*>(static_cast<const void*>(&visit)));
  }

  /// Throws `journal_damaged` if a witness knows of more than was read of its journal. `mine` are the journals that
  /// this rank has read; witnesses of others are left to those who read them.
  void check_witnesses(std::span<const journal_summary> mine, std::span<const journal_witness> witnesses) const;

 private:
  using visitor = void (*)(void* to, const journal_record& record);
  journal_summary read(std::uint32_t writer, visitor visit, void* to);

  journal_folder& folder_;
  damage_policy policy_;
};

/// One line for the log: what was cut, where.
std::string describe(const journal_cut& cut);

}  // namespace weft
