// SPDX-License-Identifier: BSL-1.0
#include <cstdlib>
#include <vector>

#include <weft/weft.hpp>

#include "common/app.hpp"
#include "demo.hpp"
#include "run_command.hpp"

namespace {

/// A rank that waits for its task must not spin meanwhile: the task needs that processor. Where ranks are bound to one
/// each, spinning makes a batch of short tasks 15 times slower.
std::vector<weft::setting_text> settings_of_a_farm() {
  constexpr const char* spin = "WEFT_IDLE_SPIN_US";
  if (std::getenv(spin) != nullptr) return {};
  return {{spin, "0"}};
}

}  // namespace

int main(int argc, char** argv) {
  weft::apps::app app(
      "weft-farm",
      "Runs a batch of shell commands over all ranks, each when a processor is free for it.\n"
      "Exit codes: 0 all tasks succeeded, 3 some failed, 4 stopped early, 2 wrong usage, 1 other errors.");
  weft::farm::run_options list;
  weft::farm::demo_options demo;
  weft::farm::demo_tile_options tile;
  app.cli().require_subcommand(1);
  weft::farm::add_run_command(app.cli(), list);
  weft::farm::add_demo_commands(app.cli(), demo, tile);
  if (!app.parse(argc, argv)) return app.exit_code();
  if (app.cli().got_subcommand("demo-tile")) return weft::farm::write_demo_tile(tile);

  const bool is_demo = app.cli().got_subcommand("demo");
  auto program = [&](weft::context& ctx) -> weft::task<int> {
    return is_demo ? weft::farm::run_demo(ctx, app, demo) : weft::farm::run_list(ctx, app, list);
  };
  return weft::run(argc, argv, program, settings_of_a_farm());
}
