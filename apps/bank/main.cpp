// SPDX-License-Identifier: BSL-1.0
#include <iostream>

#include <weft/weft.hpp>

#include "common/app.hpp"
#include "drive.hpp"
#include "options.hpp"

int main(int argc, char** argv) {
  weft::apps::app app("weft-bank",
                      "Transactions over the ranks of a job: clients in closed loops, each transaction retried until it commits,\n"
                      "and the books checked at the end (exit code 1 if they are wrong).\n"
                      "Keys of --json: workload, ranks, clients, decision, locks, multi and theta (null if not given),\n"
                      "seconds, committed, goodput,\n"
                      "messages_per_commit, forces_per_commit, wrong (empty if the books are right), types (by name:\n"
                      "committed, refused, attempts, goodput, p50_ns, p99_ns, p999_ns).");
  weft::bank::bank_options options;
  weft::bank::add_bank_options(app.cli(), options);
  if (!app.parse(argc, argv)) return app.exit_code();
  auto program = [&](weft::context& ctx) -> weft::task<int> {
    weft::bank::check(options);
    const weft::bank::bank_report report = co_await weft::bank::drive(ctx, options);
    if (ctx.rank() == 0) {
      std::cout << report.text(options);
      app.write_json(report.json(options));
    }
    co_return report.wrong.empty() ? 0 : 1;
  };
  return weft::run(argc, argv, program);
}
