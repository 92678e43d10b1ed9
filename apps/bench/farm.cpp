// SPDX-License-Identifier: BSL-1.0
#include "farm.hpp"

#include <stdlib.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include <weft/core/error.hpp>

namespace weft::bench {
namespace {

/// Removed with all that was written there.
class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weft-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw error("cannot make the folder '" + name + "'");
    path_ = name;
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

struct contestant {
  std::string name;
  std::string command;  ///< of a shell, in the folder that holds the list
  int tasks = 0;
  std::vector<double> ns = {};  ///< per task, of each round
};

void write_list(const std::filesystem::path& path, int tasks) {
  std::ofstream list(path);
  for (int i = 0; i < tasks; ++i) list << "true\n";
  if (!list.flush()) throw error("cannot write '" + path.string() + "'");
}

bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " > /dev/null 2>&1").c_str()) == 0;
}

void run_once(contestant& one, const std::filesystem::path& folder) {
  const std::string command = fmt::format("cd '{}' && {{ {} ; }} > log 2>&1", folder.string(), one.command);
  const auto start = std::chrono::steady_clock::now();
  const int status = std::system(command.c_str());
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  if (status != 0) throw error("this command failed: " + one.command);
  one.ns.push_back(took.count() / one.tasks);
}

}  // namespace

std::vector<row> farm(const std::string& farm_program, bool quick) {
  const temporary_folder folder;
  const int rounds = quick ? 1 : 5;
  const int tasks = quick ? 1000 : 20'000;
  const int few = tasks / 10;  // of a peer that is ten times slower
  write_list(folder.path() / "list", tasks);
  write_list(folder.path() / "few", few);
  contestant ours{"farm",
                  fmt::format("rm -rf list.weft && OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
                              "mpirun -q --oversubscribe -n 2 '{}' run list",
                              farm_program),
                  tasks};
  std::vector<contestant> peers{{"xargs_sh", "xargs -P2 -I{} sh -c {} < list", tasks},
                                {"xargs", fmt::format("seq {} | xargs -P2 -n1 true", tasks), tasks}};
  if (is_installed("parallel")) peers.push_back({"parallel", "parallel -j2 < few", few});
  for (int round = 0; round < rounds; ++round) {
    run_once(ours, folder.path());
    for (contestant& peer : peers) run_once(peer, folder.path());
  }
  std::vector<row> rows;
  for (const contestant& peer : peers) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < peer.ns.size(); ++i) ratios.push_back(ours.ns[i] / peer.ns[i]);
    rows.push_back({ours.name, peer.name, median(ours.ns), median(peer.ns), median(ratios), 0});
  }
  return rows;
}

}  // namespace weft::bench
