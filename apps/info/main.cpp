// SPDX-License-Identifier: BSL-1.0
#include <iostream>

#include <fmt/format.h>

#include <weft/weft.hpp>

#include "common/app.hpp"

namespace {

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang {}", __clang_version__);
#else
  return fmt::format("g++ {}", __VERSION__);
#endif
}

nlohmann::json facts(weft::context& ctx) {
  const weft::cpu_facts cpus = ctx.loop().host().cpus();
  const weft::node_facts node = ctx.loop().host().node();
  const weft::transport_limits& limits = ctx.transport().limits();
  return {{"version", WEFT_VERSION_STRING},
          {"compiler", compiler()},
          {"transport", ctx.transport().describe()},
          {"ranks", ctx.size()},
          {"ranks_on_this_node", ctx.transport().node().node_size},
          {"node", node.name},
          {"processors", cpus.usable},
          {"processor", cpus.model},
          {"memory_gib", static_cast<double>(node.memory_bytes) / (1u << 30)},
          {"eager_bytes", limits.eager_bytes},
          {"largest_tag", limits.max_tag}};
}

nlohmann::json settings(weft::context& ctx) {
  auto rows = nlohmann::json::array();
  for (const weft::setting_description& row : ctx.settings().describe()) {
    rows.push_back({{"name", row.name},
                    {"value", row.value},
                    {"origin", weft::name_of(row.origin)},
                    {"allowed", row.allowed},
                    {"help", row.help}});
  }
  return rows;
}

std::string plain(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

void print(const nlohmann::json& all) {
  for (const auto& [key, value] : all.items()) {
    if (key != "settings") std::cout << fmt::format("{:<20} {}\n", key, plain(value));
  }
  std::cout << fmt::format("\n{:<24} {:<10} {:<12} {}\n", "setting", "value", "origin", "meaning (allowed)");
  for (const auto& row : all["settings"]) {
    std::cout << fmt::format("{:<24} {:<10} {:<12} {} ({})\n", plain(row["name"]), plain(row["value"]),
                             plain(row["origin"]), plain(row["help"]), plain(row["allowed"]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  weft::apps::app app("weft-info",
                      "Prints what weft runs on here: version, MPI and its thread level, processors, and every setting with "
                      "its origin.\nKeys of --json: version, compiler, transport, ranks, ranks_on_this_node, node, "
                      "processors, processor, memory_gib, eager_bytes, largest_tag, settings.");
  if (!app.parse(argc, argv)) return app.exit_code();
  auto program = [&](weft::context& ctx) {
    if (ctx.rank() != 0) return;
    nlohmann::json all = facts(ctx);
    all["settings"] = settings(ctx);
    print(all);
    app.write_json(all);
  };
  return weft::run(argc, argv, program);
}
