// SPDX-License-Identifier: BSL-1.0
#include "task_program.hpp"

#include <utility>

namespace weft::farm {

child_program task_program(const task& what, const task_place& where, std::string output_file, std::string error_file) {
  child_program program;
  program.argv = {"/bin/sh", "-c", what.command};
  program.unset_prefixes = {"OMPI_", "PMIX_", "PMI_"};
  const auto set = [&](const char* name, const std::string& value) {
    program.environment.push_back(std::string("WEFT_TASK_") + name + "=" + value);
  };
  set("ID", std::to_string(what.id));
  set("LINE", std::to_string(what.id));
  set("ATTEMPT", std::to_string(where.attempt));
  set("RANK", std::to_string(where.rank));
  set("SLOT", std::to_string(where.slot));
  program.output_file = std::move(output_file);
  program.error_file = std::move(error_file);
  return program;
}

}  // namespace weft::farm
