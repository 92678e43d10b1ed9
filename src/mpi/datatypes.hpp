// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <weft/world/datatype.hpp>

namespace weft::mpi {

/// A message in MPI's terms.
struct wire {
  MPI_Datatype type;
  int count;
};

/// Translates weft's datatypes into MPI's. Elements map by an array, contiguous items to a count of elements; other
/// layouts, and counts above INT_MAX, become derived types, made once and kept by content (at most `capacity`, the
/// longest unused one goes).
class datatypes {
 public:
  static constexpr std::size_t capacity = 256;

  datatypes();
  ~datatypes();
  datatypes(const datatypes&) = delete;
  datatypes& operator=(const datatypes&) = delete;

  /// `count` items as a message.
  wire message(std::uint64_t count, const datatype& type) {
    if (type.is_element && count <= INT_MAX) [[likely]]
      return {element(type.kind), static_cast<int>(count)};
    return general_message(count, type);
  }
  /// The MPI type of one item, its extent included: for calls that count and place items one by one.
  MPI_Datatype item(const datatype& type);
  /// `count` items as one.
  MPI_Datatype block(std::uint64_t count, const datatype& type) {
    return count == 1 ? item(type) : derived({type, count});
  }
  MPI_Datatype element(element_kind kind) const noexcept { return elements_[static_cast<std::size_t>(kind)]; }

  /// Types that were pushed out are freed here, while no operation is pending: MPI lets a point-to-point operation
  /// finish with a freed type, but not every MPI does so for its nonblocking collectives.
  void free_retired() noexcept;
  bool has_retired() const noexcept { return !retired_.empty(); }

 private:
  struct key {
    datatype type;
    std::uint64_t count;  ///< items
    bool operator==(const key&) const = default;
  };
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept;
  };
  struct entry {
    MPI_Datatype type;
    std::uint64_t last_use;
  };

  wire general_message(std::uint64_t count, const datatype& type);
  MPI_Datatype derived(const key& k);
  MPI_Datatype build(const key& k) const;
  void drop_longest_unused();

  std::array<MPI_Datatype, static_cast<std::size_t>(element_kind::count_)> elements_;
  std::unordered_map<key, entry, key_hash> derived_;
  std::vector<MPI_Datatype> retired_;
  std::uint64_t uses_ = 0;
};

/// `count` copies of `base`, `stride` bytes apart, for any count: above INT_MAX by chunks of 2^30. Not committed.
MPI_Datatype repeated(MPI_Datatype base, std::uint64_t count, MPI_Aint stride);

}  // namespace weft::mpi
