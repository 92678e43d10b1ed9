// SPDX-License-Identifier: BSL-1.0
// ranks: 2
// The other side speaks raw MPI, or Boost.MPI.
#include <mpi.h>

#include <boost/mpi/communicator.hpp>
#include <boost/serialization/access.hpp>

#include <vector>

#include <weft/mpi/boost.hpp>
#include <weft/mpi/native.hpp>

#include "comm_fixture.hpp"

namespace weft {
namespace {

struct sample {
  char kind = 0;
  double value = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& kind& value;
  }
  friend bool operator==(const sample&, const sample&) = default;
};

}  // namespace
}  // namespace weft

BOOST_IS_MPI_DATATYPE(weft::sample)

namespace weft {
namespace {

class peers : public test::comm_fixture {
 protected:
  /// As boost::mpi::environment does before it finalizes MPI.
  static void TearDownTestSuite() { boost::mpi::detail::mpi_datatype_cache().clear(); }

  int other = 1 - self;
};

TEST_F(peers, raw_mpi_on_the_duplicate) {
  if (self == 0) {
    const double values[3] = {1, 2, 3};
    MPI_Send(values, 3, MPI_DOUBLE, 1, 5, mpi::native(comm));
    int got[4] = {};
    MPI_Status status;
    MPI_Recv(got, 4, MPI_INT, 1, 6, mpi::native(comm), &status);
    int count = 0;
    MPI_Get_count(&status, MPI_INT, &count);
    EXPECT_EQ(count, 2);
    EXPECT_EQ(got[1], 8);
  } else {
    EXPECT_EQ(comm.irecv<std::vector<double>>(0, 5).get(), (std::vector<double>{1, 2, 3}));
    comm.send(0, 6, std::vector<int>{7, 8});
  }
}

TEST_F(peers, raw_mpi_on_the_original) {
  MPI_Comm original = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &original);
  MPI_Errhandler before = MPI_ERRHANDLER_NULL, after = MPI_ERRHANDLER_NULL;
  MPI_Comm_get_errhandler(original, &before);
  {
    communicator attached = mpi::attach(on_, original);
    MPI_Comm_get_errhandler(original, &after);
    EXPECT_EQ(before, after);
    EXPECT_EQ(mpi::native(attached), original);
    if (self == 0) {
      const float value = 2.5f;
      MPI_Send(&value, 1, MPI_FLOAT, 1, 0, original);
    } else {
      EXPECT_EQ(attached.recv<float>(0, 0), 2.5f);
    }
  }
  MPI_Errhandler_free(&before);
  MPI_Errhandler_free(&after);
  MPI_Comm_free(&original);
}

TEST_F(peers, boost_mpi) {
  const boost::mpi::communicator boost_comm(mpi::native(comm), boost::mpi::comm_attach);
  const std::vector<sample> samples{{'a', 1.5}, {'b', -2}};
  if (self == 0) {
    boost_comm.send(1, 0, samples[0]);
    boost_comm.send(1, 1, samples.data(), 2);
    sample got;
    boost_comm.recv(1, 2, got);
    EXPECT_EQ(got, samples[1]);
    sample two[2];
    boost_comm.recv(1, 3, two, 2);
    EXPECT_EQ(two[1], samples[1]);
    double number = 0;
    boost_comm.recv(1, 4, number);
    EXPECT_EQ(number, 0.5);
  } else {
    EXPECT_EQ(comm.recv<sample>(0, 0), samples[0]);
    EXPECT_EQ(comm.recv<std::vector<sample>>(0, 1), samples);
    comm.send(0, 2, samples[1]);
    comm.send(0, 3, samples);
    comm.send(0, 4, 0.5);
  }
}

TEST_F(peers, declared_types_in_collectives) {
  const auto all = comm.allgather(sample{'r', 1.0 * self});
  EXPECT_EQ(all[1], (sample{'r', 1.0}));
  const auto vectors = comm.allgather(std::vector<sample>(static_cast<std::size_t>(self) + 1, sample{'v', 2}));
  EXPECT_EQ(vectors[1], std::vector<sample>(2, sample{'v', 2}));
}

}  // namespace
}  // namespace weft
