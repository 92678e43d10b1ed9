// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weft/world/transport.hpp>

namespace weft::mpi {

enum class direction : std::uint8_t { send, receive, collective };

/// The operations that MPI has not finished yet.
///
/// `MPI_Request`s lie side by side in the order in which they were started (`MPI_Testsome` wants an array, and a hole
/// costs as much as a live request): the first one is dropped by moving the start, any other is replaced by the last.
///
/// A turn (`poll`) tests the oldest ones for as long as they are done (a window of receives is filled in order, at one
/// `MPI_Test` each), then the newest (the reply just asked for), and when neither was, sweeps with `MPI_Testsome`: over
/// all up to 64, else over the 64 newest and a rotating part of the others, so that a turn's cost is bounded.
/// `MPI_Testsome` in Open MPI 4.1 makes progress only if nothing was done, and does not look again afterwards; the
/// failed `MPI_Test` before it has made the progress whose fruits it sees.
///
/// Operation numbers index `places_`: a position in the array, or, above `place_mark`, whatever the owner of a reserved
/// number keeps there.
class request_table {
 public:
  static constexpr std::uint32_t place_mark = 0x8000'0000u;
  static constexpr std::uint32_t idle_place = 0xffff'ffffu;
  static constexpr std::size_t window = 64;

  request_table();

  op_number add(MPI_Request request, direction way, void* token) {
    const op_number number = reserve();
    append(number, request, way, token, nullptr);
    return number;
  }

  /// A number without a request; `place(number)` is what the caller sets.
  op_number reserve();
  void release(op_number number);
  /// Polls a started persistent request under a number that the caller reserved and keeps: it stays reserved when the
  /// operation finishes, and its place becomes `idle_place`. `home` stays where it is, and is set to null if MPI frees
  /// the request because the operation failed (Open MPI does).
  void add_persistent(op_number number, MPI_Request& home, direction way, void* token) {
    append(number, home, way, token, &home);
  }
  void set_place(op_number number, std::uint32_t place) { places_[index_of(number)] = place; }
  /// Throws `world_error` for a number never given.
  std::uint32_t place(op_number number) const;

  bool empty() const noexcept { return first_ == last_; }
  std::size_t size() const noexcept { return last_ - first_; }
  /// `patient`: a lone operation is tested for about a microsecond, else a few times, because the rest of a turn costs
  /// as much as some tests; of several, the oldest and the newest are tested some times before the sweep.
  std::size_t poll(std::span<completion> out, bool patient);
  /// A failed test may give the processor away, when ranks outnumber processors: no test is repeated then.
  void never_repeat_tests() noexcept { tests_when_alone_ = tests_when_patient_ = looks_when_patient_ = 1; }
  /// Tests one operation that is in the array at `place`, up to `times` times.
  bool test(std::uint32_t place, completion& now, int times = 1);
  /// True: withdrawn. False: `now` holds its completion.
  bool cancel(std::uint32_t place, completion& now);
  /// At the end: withdraws receives, lets go of the rest.
  void abandon() noexcept;

 private:
  struct entry {
    void* token;
    op_number number;
    direction way;
    MPI_Request* home;  ///< of a persistent request
  };

  static std::size_t index_of(op_number number) noexcept { return static_cast<std::size_t>(number) - 1; }
  void append(op_number number, MPI_Request request, direction way, void* token, MPI_Request* home);
  bool test_at(std::size_t position, completion& now);
  bool test_alone(completion& now, int times);
  std::size_t sweep(std::span<completion> out);
  void finish(std::size_t position, const MPI_Status& status, int code, completion& now);
  std::size_t test_range(std::size_t begin, std::size_t end, std::span<completion> out);
  void remove(std::size_t position);
  void make_room();

  std::vector<MPI_Request> requests_;
  std::vector<entry> entries_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::vector<std::uint32_t> places_;
  std::vector<op_number> free_numbers_;
  std::size_t cold_ = 0;     ///< where the rotating window goes on, counted from `first_`
  int tests_when_alone_ = 4;
  int tests_when_patient_ = 50;  ///< at 17 ns each (Open MPI 4.1)
  int looks_when_patient_ = 8;   ///< at the oldest and the newest
  unsigned busy_turns_ = 0;  ///< turns since the last sweep
  std::array<MPI_Status, window> statuses_;
  std::array<int, window> indices_;
};

/// Bytes of payload, of any type: in units of MPI_BYTE both Open MPI and MPICH give it.
inline std::uint64_t payload_bytes(const MPI_Status& status) noexcept {
#ifdef OPEN_MPI
  return status._ucount;  // what MPI_Get_elements_x would tell, without the two calls
#else
  int small = 0;
  MPI_Get_count(&status, MPI_BYTE, &small);
  if (small >= 0) [[likely]]
    return static_cast<std::uint64_t>(small);
  MPI_Count bytes = 0;  // MPI_UNDEFINED: 2^31 or more
  MPI_Get_elements_x(&status, MPI_BYTE, &bytes);
  return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
#endif
}

/// The completion of a request that MPI has finished with `code` and `status`.
void fill(completion& now, void* token, direction way, const MPI_Status& status, int code) noexcept;

/// Withdraws a receive and waits until MPI has let its buffer go. True: withdrawn. False: it was too late, and `status`
/// and `code` tell how it finished.
bool withdraw(MPI_Request& request, MPI_Status& status, int& code);

}  // namespace weft::mpi
