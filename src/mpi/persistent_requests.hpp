// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <cstdint>
#include <deque>
#include <vector>

#include <weft/world/transport.hpp>

#include "mpi/datatypes.hpp"
#include "mpi/request_table.hpp"

namespace weft::mpi {

/// What a persistent request was made of: MPI frees one that failed, and it is then made again at its next start.
struct persistent_arguments {
  MPI_Comm comm;
  envelope where;
  void* data;
  wire message;
  send_mode mode;
  direction way;
};

/// Persistent operations. Each keeps one operation number for its whole life, so that a start allocates nothing.
class persistent_requests {
 public:
  explicit persistent_requests(request_table& table) : table_(table) {}
  persistent_requests(const persistent_requests&) = delete;
  persistent_requests& operator=(const persistent_requests&) = delete;
  ~persistent_requests();

  persistent_id make(const persistent_arguments& arguments);
  op_number start(persistent_id id, noticed_by who, void* token, completion& now);
  void free(persistent_id id);

  /// Tests, or withdraws, an operation that only its caller notices; `place` came from the table.
  static bool is_place(std::uint32_t place) noexcept { return (place & request_table::place_mark) != 0; }
  bool test(std::uint32_t place, completion& now, int times = 1);
  bool cancel(std::uint32_t place, completion& now);

 private:
  struct entry {
    persistent_arguments arguments{};
    MPI_Request request = MPI_REQUEST_NULL;
    op_number number = op_number::completed;
    void* token = nullptr;
    bool in_use = false;
    bool caller_notices = false;  ///< started so, and pending
  };

  static MPI_Request init(const persistent_arguments& arguments);
  entry& at(persistent_id id);
  void finish(entry& e, const MPI_Status& status, int code, completion& now);

  request_table& table_;
  std::deque<entry> entries_;  ///< a deque: the table points at the requests
  std::vector<persistent_id> free_ids_;
};

}  // namespace weft::mpi
