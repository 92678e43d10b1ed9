// SPDX-License-Identifier: BSL-1.0
#include <weft/weft.hpp>

#include "common/app.hpp"
#include "demo.hpp"
#include "run_command.hpp"

int main(int argc, char** argv) {
  weft::apps::app app("weft-farm",
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
  return weft::run(argc, argv, program);
}
