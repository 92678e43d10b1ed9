// SPDX-License-Identifier: BSL-1.0
#include "demo.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "batch.hpp"
#include "mandelbrot.hpp"
#include "output_reader.hpp"
#include "picture.hpp"
#include "prepare.hpp"
#include "terminal.hpp"
#include "text_file.hpp"

namespace weft::farm {
namespace {

// 96 tiles; about 10 s of work for one core, most of it in a third of them.
constexpr int tile_side = 100;
constexpr int tile_columns = 12;
constexpr int tile_rows = 8;
constexpr int samples = 3;
constexpr int most_iterations = 1500;
constexpr int text_columns = 96;
constexpr const char* own_place = "weft-demo.weft";

constexpr std::uint64_t id_of(int column, int row) {
  return static_cast<std::uint64_t>(row * tile_columns + column) + 1;
}

/// A word of a shell command.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::vector<task> tile_tasks() {
  const std::string program = quoted(std::filesystem::read_symlink("/proc/self/exe").string());
  std::vector<task> tasks;
  for (int row = 0; row < tile_rows; ++row) {
    for (int column = 0; column < tile_columns; ++column) {
      tasks.push_back({id_of(column, row), fmt::format("{} demo-tile {} {}", program, column, row)});
    }
  }
  return tasks;
}

picture assemble(storage& files, const results_directory& directory) {
  picture whole(tile_columns * tile_side, tile_rows * tile_side);
  for (int row = 0; row < tile_rows; ++row) {
    for (int column = 0; column < tile_columns; ++column) {
      const std::string tile = output_text(files, directory, id_of(column, row), output_stream::out);
      whole.paste(parse_ppm(tile), column * tile_side, row * tile_side);
    }
  }
  return whole;
}

void show_picture(context& ctx, const results_directory& directory) {
  const picture whole = assemble(*ctx.storage(), directory);
  const std::string file = directory.path() + "/mandelbrot.png";
  write_text_file(*ctx.storage(), file, png_bytes(whole));
  ctx.host().write(output_stream::out, terminal_text(whole, text_columns, find_terminal(ctx.host())));
  ctx.host().write(output_stream::out, fmt::format("picture: {}   ({} x {} pixels, from the output of {} tasks)\n",
                                                   file, whole.width(), whole.height(), tile_columns * tile_rows));
}

}  // namespace

void add_demo_commands(CLI::App& program, demo_options& demo, demo_tile_options& tile) {
  CLI::App* batch = program.add_subcommand("demo", "Run a built-in batch: a picture in tiles of very uneven work.");
  batch->fallthrough();
  add_batch_options(*batch, demo.batch);
  CLI::App* part =
      program.add_subcommand("demo-tile", "What the demo's tasks run: one tile, as PPM to standard output.")->group("");
  part->add_option("COLUMN", tile.column)->required()->check(CLI::Range(0, tile_columns - 1));
  part->add_option("ROW", tile.row)->required()->check(CLI::Range(0, tile_rows - 1));
}

weft::task<int> run_demo(context& ctx, const apps::app& app, const demo_options& options) {
  batch_request request;
  request.options = options.batch;
  const bool in_own_place = options.batch.results.empty();
  request.directory = results_directory(in_own_place ? own_place : options.batch.results);
  if (in_own_place) request.options.overwrite = true;
  request.tasks = tile_tasks;
  request.list_name = "the demo";
  batch_input input;
  const batch_terms terms = co_await prepare_batch(ctx, request, input);
  if (terms.refused != 0) co_return terms.refused;
  batch_input* mine = ctx.rank() == 0 ? &input : nullptr;
  const batch_report report = co_await run_batch(ctx, request.directory, terms, request.options, mine);
  if (ctx.rank() != 0) co_return 0;
  const bool whole = report.left() == 0 && report.counts.failed() == 0;
  if (whole) show_picture(ctx, request.directory);
  co_return tell(ctx, app, report, request.directory);
}

int write_demo_tile(const demo_tile_options& tile) {
  const mandelbrot_tile part{tile_columns * tile_side,
                             tile_rows * tile_side,
                             tile.column * tile_side,
                             tile.row * tile_side,
                             tile_side,
                             tile_side};
  const std::string bytes = ppm_bytes(render_mandelbrot(part, samples, most_iterations));
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0;
  return static_cast<int>(written ? exit_code::ok : exit_code::runtime_error);
}

}  // namespace weft::farm
