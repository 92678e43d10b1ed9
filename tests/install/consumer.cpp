// SPDX-License-Identifier: BSL-1.0
// A program of somebody who uses weft from outside; built against the installed package and against the source tree.
#include <cstdio>
#include <vector>

#include <weft/weft.hpp>

weft::task<> program(weft::context& ctx) {
  auto& world = ctx.world();
  auto incoming = world.irecv<std::vector<double>>(ctx.rank());
  co_await world.isend(ctx.rank(), 0, std::vector<double>(1000, 1.0));
  if ((co_await incoming).size() != 1000) throw weft::error("the message has another size");
  std::printf("consumer of weft %s\n", WEFT_VERSION_STRING);
}

int main(int argc, char** argv) { return weft::run(argc, argv, program); }
