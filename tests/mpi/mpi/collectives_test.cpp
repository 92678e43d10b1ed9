// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <numeric>
#include <vector>

#include <weft/core/error.hpp>

#include "transport_fixture.hpp"

namespace {

using namespace weft;
using test::pending;

constexpr op sum{reduction::sum, true, nullptr};

/// 2x2 integer matrices: associative, not commutative.
struct matrix {
  long a, b, c, d;
  bool operator==(const matrix&) const = default;
};

matrix times(const matrix& l, const matrix& r) {
  return {l.a * r.a + l.b * r.c, l.a * r.b + l.b * r.d, l.c * r.a + l.d * r.c, l.c * r.b + l.d * r.d};
}

void multiply(const void* in, void* inout, std::uint64_t count) {
  const auto* lower = static_cast<const matrix*>(in);
  auto* upper = static_cast<matrix*>(inout);
  for (std::uint64_t i = 0; i < count; ++i) upper[i] = times(lower[i], upper[i]);
}

void larger(const void* in, void* inout, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    static_cast<double*>(inout)[i] = std::max(static_cast<const double*>(in)[i], static_cast<double*>(inout)[i]);
  }
}

class collectives : public test::transport_fixture {
 protected:
  template <class Start>
  void run(Start start) {
    pending p;
    completion now;
    started(p, start(&p, now), now);
    EXPECT_EQ(finish(p).status, op_status::ok);
  }
  std::size_t ranks() const { return static_cast<std::size_t>(size); }

  template <class T>
  T all(T mine, reduction kind) {
    T result{};
    run([&](void* token, completion& now) {
      return t.iallreduce(world_comm, &mine, &result, 1, datatype_of<T>, {kind, true, nullptr}, token, now);
    });
    return result;
  }
};

TEST_F(collectives, broadcasts_from_each_root) {
  for (int root = 0; root < size; ++root) {
    std::vector<int> data(1000, self == root ? root + 5 : -1);
    run([&](void* token, completion& now) {
      return t.ibcast(world_comm, data.data(), data.size(), datatype_of<int>, root, token, now);
    });
    EXPECT_EQ(std::count(data.begin(), data.end(), root + 5), 1000);
  }
}

TEST_F(collectives, broadcasts_a_column_and_a_raw_object) {
  std::vector<int> rows(12, self == 0 ? 3 : 0);
  const datatype column = datatype::strided(datatype_of<int>, 4, 1, 3 * sizeof(int));
  run([&](void* token, completion& now) { return t.ibcast(world_comm, rows.data(), 1, column, 0, token, now); });
  EXPECT_EQ(rows[9], 3);
  EXPECT_EQ(rows[10], self == 0 ? 3 : 0);
  matrix m = self == 0 ? matrix{1, 2, 3, 4} : matrix{};
  run([&](void* token, completion& now) { return t.ibcast(world_comm, &m, 1, datatype_of<matrix>, 0, token, now); });
  EXPECT_EQ(m, (matrix{1, 2, 3, 4}));
}

TEST_F(collectives, reduces_to_each_root_also_in_place) {
  for (int root = 0; root < size; ++root) {
    for (const bool in_place : {false, true}) {
      std::vector<int> mine(3, self + 1);
      std::vector<int> result(3, in_place && self == root ? self + 1 : -1);
      const void* in = in_place && self == root ? nullptr : mine.data();
      run([&](void* token, completion& now) {
        return t.ireduce(world_comm, in, self == root ? result.data() : nullptr, 3, datatype_of<int>, sum, root, token,
                         now);
      });
      if (self == root) {
        EXPECT_EQ(result, std::vector<int>(3, size * (size + 1) / 2));
      }
    }
  }
}

TEST_F(collectives, reduces_to_all_also_in_place) {
  double value = self;
  run([&](void* token, completion& now) {
    return t.iallreduce(world_comm, nullptr, &value, 1, datatype_of<double>, sum, token, now);
  });
  EXPECT_EQ(value, size * (size - 1) / 2);
}

TEST_F(collectives, reduces_nothing) {
  run([&](void* token, completion& now) {
    return t.iallreduce(world_comm, nullptr, nullptr, 0, datatype_of<double>, sum, token, now);
  });
  run([&](void* token, completion& now) {
    return t.ireduce(world_comm, nullptr, nullptr, 0, datatype_of<double>, sum, 0, token, now);
  });
}

TEST_F(collectives, knows_every_built_in_reduction) {
  const int first = 1;
  const int last = size;
  EXPECT_EQ(all(self + 1, reduction::minimum), first);
  EXPECT_EQ(all(self + 1, reduction::maximum), last);
  int factorial = 1;
  for (int i = 2; i <= size; ++i) factorial *= i;
  EXPECT_EQ(all(self + 1, reduction::product), factorial);
  EXPECT_EQ(all(self == 0 ? 0 : 1, reduction::logical_and), 0);
  EXPECT_EQ(all(self == 0 ? 1 : 0, reduction::logical_or), 1);
  EXPECT_EQ(all(1u << self, reduction::bit_or), (1u << size) - 1);
  EXPECT_EQ(all(~(1u << self), reduction::bit_and), ~((1u << size) - 1));
  EXPECT_EQ(all(1u, reduction::bit_xor), static_cast<unsigned>(size % 2));
}

TEST_F(collectives, reduces_kinds_that_mpi_has_no_arithmetic_for) {
  EXPECT_EQ(all(static_cast<char>('a' + self), reduction::maximum), static_cast<char>('a' + size - 1));
  EXPECT_EQ(all(static_cast<char>('a' + self), reduction::minimum), 'a');
  EXPECT_EQ(all(self == 0, reduction::logical_or), true);
  EXPECT_EQ(all(self == 0, reduction::logical_and), size == 1);
  EXPECT_EQ(all(self == 0, reduction::sum), true);
  EXPECT_EQ(all(self == 0, reduction::minimum), size == 1);
  EXPECT_EQ(all(true, reduction::bit_xor), size % 2 == 1);
  EXPECT_EQ(all(static_cast<std::byte>(1 << self), reduction::bit_or), static_cast<std::byte>((1 << size) - 1));
}

TEST_F(collectives, sums_complex_numbers_and_fixed_arrays_elementwise) {
  EXPECT_EQ(all(std::complex<double>(1, self), reduction::sum), std::complex<double>(size, size * (size - 1) / 2));
  const datatype triple = datatype::strided(datatype_of<int>, 1, 3, 0);
  std::array<int, 6> mine{1, 2, 3, 4, 5, self};
  std::array<int, 6> result{};
  run([&](void* token, completion& now) {
    return t.iallreduce(world_comm, mine.data(), result.data(), 2, triple, sum, token, now);
  });
  EXPECT_EQ(result[4], 5 * size);
  EXPECT_EQ(result[5], size * (size - 1) / 2);
}

TEST_F(collectives, reduces_by_a_function_in_rank_order) {
  const op ordered{reduction::function, false, multiply};
  const std::array<matrix, 2> mine{matrix{1, self + 1, 0, 1}, matrix{1, 0, self + 2, 1 + self}};
  std::array<matrix, 2> expected{matrix{1, 1, 0, 1}, matrix{1, 0, 2, 1}};
  for (int r = 1; r < size; ++r) {
    expected[0] = times(expected[0], matrix{1, r + 1, 0, 1});
    expected[1] = times(expected[1], matrix{1, 0, r + 2, 1 + r});
  }
  std::array<matrix, 2> result{};
  run([&](void* token, completion& now) {
    return t.iallreduce(world_comm, mine.data(), result.data(), 2, datatype_of<matrix>, ordered, token, now);
  });
  EXPECT_EQ(result, expected);
}

TEST_F(collectives, keeps_functions_of_one_type_apart) {
  const op maximum{reduction::function, true, larger};
  for (int round = 0; round < 3; ++round) {
    const double mine = self;
    double most = -1;
    double total = -1;
    run([&](void* token, completion& now) {
      return t.iallreduce(world_comm, &mine, &most, 1, datatype_of<double>, maximum, token, now);
    });
    const op add{reduction::function, true, [](const void* in, void* inout, std::uint64_t count) {
                   for (std::uint64_t i = 0; i < count; ++i) {
                     static_cast<double*>(inout)[i] += static_cast<const double*>(in)[i];
                   }
                 }};
    run([&](void* token, completion& now) {
      return t.iallreduce(world_comm, &mine, &total, 1, datatype_of<double>, add, token, now);
    });
    EXPECT_EQ(most, size - 1);
    EXPECT_EQ(total, size * (size - 1) / 2);
  }
}

TEST_F(collectives, scans_inclusive_and_exclusive) {
  const int mine = self + 1;
  int result = -1;
  run([&](void* token, completion& now) {
    return t.iscan(world_comm, &mine, &result, 1, datatype_of<int>, sum, false, token, now);
  });
  EXPECT_EQ(result, (self + 1) * (self + 2) / 2);
  int before = -1;
  run([&](void* token, completion& now) {
    return t.iscan(world_comm, &mine, &before, 1, datatype_of<int>, sum, true, token, now);
  });
  if (self > 0) {
    EXPECT_EQ(before, self * (self + 1) / 2);
  }
}

TEST_F(collectives, gathers_and_scatters_equal_parts) {
  for (int root = 0; root < size; ++root) {
    const std::array<int, 2> mine{self, self * 10};
    std::vector<int> parts(self == root ? ranks() * 2 : 0);
    run([&](void* token, completion& now) {
      return t.igather(world_comm, mine.data(), 2, parts.data(), {}, {}, datatype_of<int>, root, token, now);
    });
    for (int r = 0; self == root && r < size; ++r) {
      EXPECT_EQ(parts[static_cast<std::size_t>(2 * r)], r);
      EXPECT_EQ(parts[static_cast<std::size_t>(2 * r + 1)], r * 10);
    }
    std::array<int, 2> back{-1, -1};
    run([&](void* token, completion& now) {
      return t.iscatter(world_comm, parts.data(), {}, {}, back.data(), 2, datatype_of<int>, root, token, now);
    });
    EXPECT_EQ(back, mine);
  }
}

TEST_F(collectives, gathers_and_scatters_unequal_parts) {
  std::vector<int> counts(ranks());
  std::vector<int> displs(ranks());
  int total = 0;
  for (std::size_t r = 0; r < ranks(); ++r) {
    counts[r] = static_cast<int>(r);  // rank 0 has nothing
    displs[r] = total + 1;            // with gaps
    total += counts[r] + 1;
  }
  const std::vector<double> mine(static_cast<std::size_t>(self), self + 0.5);
  std::vector<double> parts(static_cast<std::size_t>(total) + 1, -1);
  const bool root = self == size - 1;
  const auto given = [&](const std::vector<int>& v) { return root ? std::span<const int>(v) : std::span<const int>(); };
  run([&](void* token, completion& now) {
    return t.igather(world_comm, mine.data(), mine.size(), parts.data(), given(counts), given(displs),
                     datatype_of<double>, size - 1, token, now);
  });
  if (root) {
    EXPECT_EQ(parts[0], -1);
    for (std::size_t r = 1; r < ranks(); ++r) {
      EXPECT_EQ(parts[static_cast<std::size_t>(displs[r])], static_cast<double>(r) + 0.5);
    }
  }
  std::vector<double> back(mine.size());
  run([&](void* token, completion& now) {
    return t.iscatter(world_comm, parts.data(), given(counts), given(displs), back.data(), back.size(),
                      datatype_of<double>, size - 1, token, now);
  });
  EXPECT_EQ(back, mine);
  std::vector<double> everywhere(parts.size(), -1);
  run([&](void* token, completion& now) {
    return t.iallgather(world_comm, mine.data(), mine.size(), everywhere.data(), counts, displs, datatype_of<double>,
                        token, now);
  });
  for (std::size_t r = 1; r < ranks(); ++r) {
    EXPECT_EQ(everywhere[static_cast<std::size_t>(displs[r])], static_cast<double>(r) + 0.5);
  }
}

TEST_F(collectives, gathers_columns_to_all) {
  // Each rank has one column of 3; all get the ranks' columns as rows of 3.
  std::vector<int> two_columns{self, -1, self + 10, -1, self + 20, -1};
  const datatype item = datatype::bytes(3 * sizeof(int));
  std::array<int, 3> column{two_columns[0], two_columns[2], two_columns[4]};
  std::vector<int> rows(ranks() * 3);
  run([&](void* token, completion& now) {
    return t.iallgather(world_comm, column.data(), 1, rows.data(), {}, {}, item, token, now);
  });
  for (int r = 0; r < size; ++r) EXPECT_EQ(rows[static_cast<std::size_t>(3 * r + 2)], r + 20);
}

TEST_F(collectives, exchanges_all_to_all) {
  std::vector<int> out(ranks());
  for (int r = 0; r < size; ++r) out[static_cast<std::size_t>(r)] = self * 100 + r;
  std::vector<int> in(ranks());
  run([&](void* token, completion& now) {
    return t.ialltoall(world_comm, out.data(), 1, {}, {}, in.data(), {}, {}, datatype_of<int>, token, now);
  });
  for (int r = 0; r < size; ++r) EXPECT_EQ(in[static_cast<std::size_t>(r)], r * 100 + self);

  // Rank s sends s + 1 items to every rank.
  std::vector<int> out_counts(ranks(), self + 1);
  std::vector<int> in_counts(ranks());
  std::vector<int> out_displs(ranks());
  std::vector<int> in_displs(ranks());
  std::iota(in_counts.begin(), in_counts.end(), 1);
  std::exclusive_scan(out_counts.begin(), out_counts.end(), out_displs.begin(), 0);
  std::exclusive_scan(in_counts.begin(), in_counts.end(), in_displs.begin(), 0);
  std::vector<int> from(ranks() * static_cast<std::size_t>(self + 1), self);
  std::vector<int> to(static_cast<std::size_t>(size * (size + 1) / 2), -1);
  run([&](void* token, completion& now) {
    return t.ialltoall(world_comm, from.data(), 0, out_counts, out_displs, to.data(), in_counts, in_displs,
                       datatype_of<int>, token, now);
  });
  for (std::size_t r = 0; r < ranks(); ++r) {
    EXPECT_EQ(to[static_cast<std::size_t>(in_displs[r])], static_cast<int>(r));
  }
}

TEST_F(collectives, refuses_what_mpi_cannot_reduce) {
  completion now;
  const datatype column = datatype::strided(datatype_of<int>, 2, 1, 8);
  std::array<int, 4> data{};
  EXPECT_THROW(t.iallreduce(world_comm, nullptr, data.data(), 1, column, sum, nullptr, now), world_error);
  EXPECT_THROW(
      t.iallreduce(world_comm, nullptr, data.data(), std::uint64_t{1} << 31, datatype_of<int>, sum, nullptr, now),
      world_error);
}

}  // namespace
