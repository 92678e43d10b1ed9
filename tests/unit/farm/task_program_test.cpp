// SPDX-License-Identifier: BSL-1.0
#include "farm/task_program.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using strings = std::vector<std::string>;

TEST(task_program, runs_the_shell_with_the_task_s_variables_and_without_the_launcher_s) {
  const auto program = weft::farm::task_program({12, "echo $HOME"}, {3, 1, 2}, "out", "err");
  EXPECT_EQ(program.argv, (strings{"/bin/sh", "-c", "echo $HOME"}));
  EXPECT_EQ(program.environment, (strings{"WEFT_TASK_ID=12", "WEFT_TASK_LINE=12", "WEFT_TASK_ATTEMPT=2",
                                          "WEFT_TASK_RANK=3", "WEFT_TASK_SLOT=1"}));
  EXPECT_EQ(program.unset_prefixes, (strings{"OMPI_", "PMIX_", "PMI_"}));
  EXPECT_EQ(program.output_file, "out");
  EXPECT_EQ(program.error_file, "err");
  EXPECT_EQ(program.directory, "");
}

}  // namespace
