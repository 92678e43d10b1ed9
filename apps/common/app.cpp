// SPDX-License-Identifier: BSL-1.0
#include "app.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include <weft/run/run.hpp>
#include <weft/version.hpp>

namespace weft::apps {

app::app(std::string name, std::string description) : cli_(std::move(description), name), name_(std::move(name)) {
  cli_.set_version_flag("--version", fmt::format("{} {}", name_, WEFT_VERSION_STRING));
  cli_.add_option("--json", json_file_, "write the result as one JSON object to FILE")->type_name("FILE");
}

bool app::parse(int argc, char** argv) {
  try {
    cli_.parse(argc, argv);
    return true;
  } catch (const CLI::Success& asked) {  // --help, --version
    if (launcher_rank() == 0) cli_.exit(asked, std::cout, std::cerr);
    exit_code_ = static_cast<int>(weft::exit_code::ok);
  } catch (const CLI::ParseError& wrong) {
    if (launcher_rank() == 0) std::cerr << fmt::format("{}: {} (see {} --help)\n", name_, wrong.what(), name_);
    exit_code_ = static_cast<int>(weft::exit_code::usage);
  }
  return false;
}

void app::write_json(const nlohmann::json& object) const {
  if (json_file_.empty()) return;
  std::ofstream out(json_file_);
  out << object.dump(2) << '\n';
  out.flush();
  if (!out) throw error(fmt::format("cannot write '{}': {}", json_file_, std::strerror(errno)));
}

}  // namespace weft::apps
