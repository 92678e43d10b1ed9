// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <weft/async/task.hpp>
#include <weft/port/context.hpp>

#include "common/app.hpp"
#include "run_command.hpp"

namespace weft::farm {

/// `weft-farm demo`: a picture of the Mandelbrot set, rendered in tiles by a batch of real programs. Its own place for
/// results, `weft-demo.weft`, is overwritten without asking; another one only with `--overwrite`.
struct demo_options {
  batch_options batch;
};

/// `weft-farm demo-tile COLUMN ROW`: the program that renders one tile, as PPM to standard output.
struct demo_tile_options {
  int column = 0;
  int row = 0;
};

void add_demo_commands(CLI::App& program, demo_options& demo, demo_tile_options& tile);

/// Collective; the exit code, the same on every rank.
weft::task<int> run_demo(context& ctx, const apps::app& app, const demo_options& options);
int write_demo_tile(const demo_tile_options& tile);

}  // namespace weft::farm
