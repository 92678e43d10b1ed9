// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/core/bytes.hpp>
#include <weft/txn/outcome.hpp>
#include <weft/txn/outcomes.hpp>
#include <weft/txn/partition.hpp>
#include <weft/txn/records.hpp>
#include <weft/txn/wire.hpp>
#include <weft/txn/works.hpp>

namespace weft::txn {

/// Keys with their values: of a snapshot, or set without a transaction.
inline constexpr std::uint16_t cells_record_type = 2;
/// Transactions that have committed: of a snapshot.
inline constexpr std::uint16_t outcomes_record_type = 3;

/// An operator's decision about a transaction in doubt (`weft-txn resolve`).
inline constexpr std::uint16_t heuristic_record_type = 4;

/// Works of participants that have been committed since their last checkpoint: `works_record`.
inline constexpr std::uint16_t works_record_type = 5;
/// What the store is, first of a snapshot: `store_facts`.
inline constexpr std::uint16_t facts_record_type = 6;
struct store_facts {
  std::uint32_t key_bytes = 0;  ///< as for `partition`
};

/// What one rank has read about transactions, for all others to know.
struct testimony {
  struct promise {
    transaction_id id;
    std::uint32_t listed = 0;  ///< participants, under the implicit rule
  };
  struct commits {
    std::uint32_t epoch = 0;
    std::uint32_t coordinator = 0;
    outcome_table::coordinator_outcomes outcomes;
  };
  std::vector<promise> prepared;  ///< and neither committed nor aborted in the same journal
  std::vector<transaction_id> aborted;
  std::vector<commits> committed;
  std::uint32_t first_epoch = 0;  ///< of what is before, nothing is known
};

/// Of a snapshot: record type 3.
struct outcomes_record {
  std::uint32_t first_epoch = 0;
  std::vector<testimony::commits> committed;
};

/// Record type 4. It counts as the transaction's outcome, and stays in the journals for whoever looks later.
struct heuristic_decision {
  transaction_id id;
  std::int64_t when = 0;  ///< seconds since 1970
  transaction_outcome outcome = transaction_outcome::aborted;
  std::uint8_t reserved[7] = {};
};

outcomes_record record_of(const outcome_table& all);
void add(outcome_table& to, std::uint32_t first_epoch, std::span<const testimony::commits> all);

/// The promises of all testimonies whose transactions have to be committed, each once, ascending; adds them and all
/// that had committed before to `outcomes`. Every rank comes to the same result.
std::vector<transaction_id> judge(std::span<const testimony> all, outcome_table& outcomes);

/// What the journals that one rank reads lead to, record by record.
class replay {
 public:
  using cells = std::unordered_map<std::string, std::string>;

  /// Throws `decode_error` for what is no record of a store.
  void visit(std::uint32_t writer, std::uint16_t type, std::span<const std::byte> payload);
  testimony tell() const;
  /// Makes the writes of the promises that are among `committed` (ascending) visible and drops the others. Returns how
  /// many there were of both kinds.
  std::pair<std::size_t, std::size_t> resolve(std::span<const transaction_id> committed);
  cells& data() noexcept { return data_; }
  /// Works of participants: since their last checkpoint, and of promises that have been resolved.
  std::vector<found_work>& works() noexcept { return works_; }
  /// Nothing: no journal has said it.
  const std::optional<store_facts>& facts() const noexcept { return facts_; }

  struct promised {
    record head;
    entries writes;
  };
  /// By journal; neither committed nor aborted in it.
  const std::map<std::pair<std::uint32_t, transaction_id>, promised>& promises() const noexcept { return prepared_; }
  const std::vector<transaction_id>& aborted() const noexcept { return aborted_; }
  const outcome_table& committed() const noexcept { return committed_; }
  const std::vector<heuristic_decision>& heuristics() const noexcept { return heuristics_; }

 private:
  void visit(std::uint32_t writer, const decoded_record& what);
  void visit(const heuristic_decision& what);
  void apply(const transaction_id& id, const entries& writes);
  void note_works(const transaction_id& id, const entries& writes, bool commits);
  bool is_work(const std::string& key) const {
    return facts_ && kind_of(key, facts_->key_bytes) == key_kind::work;
  }

  cells data_;
  std::map<std::pair<std::uint32_t, transaction_id>, promised> prepared_;  ///< by journal
  std::vector<transaction_id> aborted_;
  outcome_table committed_;
  std::vector<heuristic_decision> heuristics_;
  std::vector<found_work> works_;
  std::optional<store_facts> facts_;
};

}  // namespace weft::txn
