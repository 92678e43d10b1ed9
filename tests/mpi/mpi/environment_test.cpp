// SPDX-License-Identifier: BSL-1.0
// ranks: 1 2
#include <cstdlib>
#include <string>
#include <thread>

#include <mpi.h>

#include <weft/core/error.hpp>
#include <weft/mpi/environment.hpp>

#include "support/mpi_test.hpp"

namespace {

using weft::mpi::environment;

int argc = 0;
char** argv = nullptr;

TEST(environment, leaves_an_mpi_that_it_did_not_start) {
  {
    const environment env(argc, argv);
    EXPECT_FALSE(env.owns_mpi());
  }
  int finalized = 1;
  MPI_Finalized(&finalized);
  EXPECT_EQ(finalized, 0);
}

TEST(environment, refuses_another_thread) {
  std::string text;
  std::thread([&text] {
    try {
      const environment env(argc, argv);
    } catch (const weft::environment_error& failure) {
      text = failure.what();
    }
  }).join();
  EXPECT_NE(text.find("thread that initialised MPI"), std::string::npos) << text;
}

TEST(environment, notices_the_launcher_of_another_mpi) {
  if (weft::test::size() != 1) GTEST_SKIP() << "a job of one rank is the sign";
  setenv("PMI_SIZE", "4", 1);
  try {
    weft::mpi::check_launcher();
    ADD_FAILURE() << "not noticed";
  } catch (const weft::environment_error& failure) {
    EXPECT_NE(std::string(failure.what()).find("another MPI"), std::string::npos) << failure.what();
    EXPECT_NE(std::string(failure.what()).find("one of 4 ranks"), std::string::npos) << failure.what();
  }
  setenv("PMI_SIZE", "1", 1);
  EXPECT_NO_THROW(weft::mpi::check_launcher());
  unsetenv("PMI_SIZE");
}

TEST(environment, accepts_the_right_launcher) { EXPECT_NO_THROW(weft::mpi::check_launcher()); }

}  // namespace
