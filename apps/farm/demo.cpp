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
#include "picture.hpp"
#include "prepare.hpp"
#include "terminal.hpp"

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

std::string read_file(storage& files, const std::string& path) {
  file_id file = file_id::none;
  std::uint64_t bytes = 0;
  std::string content;
  if (!files.open(file_space::shared, path, open_mode::read_only, file)) throw error("cannot read '" + path + "'");
  if (files.size(file, bytes)) content.resize(bytes);
  std::size_t read = 0;
  files.read(file, 0, std::as_writable_bytes(std::span(content)), read);
  files.close(file);
  content.resize(read);
  return content;
}

void write_file(storage& files, const std::string& path, const std::string& content) {
  file_id file = file_id::none;
  bool written = false;
  if (files.open(file_space::shared, path, open_mode::create, file)) {
    written = files.truncate(file, 0) && files.write(file, 0, std::as_bytes(std::span(content)));
    files.close(file);
  }
  if (!written) throw error("cannot write '" + path + "'");
}

picture assemble(storage& files, const results_directory& directory) {
  picture whole(tile_columns * tile_side, tile_rows * tile_side);
  for (int row = 0; row < tile_rows; ++row) {
    for (int column = 0; column < tile_columns; ++column) {
      const std::string tile = directory.output_file(id_of(column, row), output_stream::out);
      whole.paste(parse_ppm(read_file(files, tile)), column * tile_side, row * tile_side);
    }
  }
  return whole;
}

void show_picture(context& ctx, const results_directory& directory) {
  const picture whole = assemble(*ctx.storage(), directory);
  const std::string file = directory.path() + "/mandelbrot.png";
  write_file(*ctx.storage(), file, png_bytes(whole));
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
      program.add_subcommand("demo-tile", "What the demo's tasks run: one tile, as PPM to standard output.");
  part->add_option("COLUMN", tile.column)->required()->check(CLI::Range(0, tile_columns - 1));
  part->add_option("ROW", tile.row)->required()->check(CLI::Range(0, tile_rows - 1));
}

weft::task<int> run_demo(context& ctx, const apps::app& app, const demo_options& options) {
  const bool in_own_place = options.batch.results.empty();
  const results_directory directory(in_own_place ? own_place : options.batch.results);
  batch_input input;
  auto get_ready = [&] {
    input.tasks = tile_tasks();
    prepare(*ctx.storage(), directory, in_own_place || options.batch.overwrite);
    input.results = std::make_unique<results_writer>(*ctx.storage(), directory.results_file());
  };
  const int refused = co_await prepare_on_rank_0(ctx, get_ready);
  if (refused != 0) co_return refused;
  const batch_report report = co_await run_batch(ctx, directory, options.batch.slots, input);
  if (ctx.rank() != 0) co_return 0;
  const bool whole = report.counts.ended() == report.counts.total() && report.counts.failed() == 0;
  if (whole) show_picture(ctx, directory);
  co_return tell(ctx, app, report, directory);
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
