#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The rate of the tree search beside what bounds it, every program in turn, medians of the rounds.

usage: scripts/bench/uts.py [--trees T1,T3] [--rounds N] [--json FILE] [BUILD]

  bare/TREE       the sequential search's rate over that of a bare loop of as many dependent SHA-1 compressions
  one/TREE        the search at 1 rank over the sequential one
  two/TREE        the search at 2 ranks over two sequential searches that run at the same time
  eight/TREE      the search at 8 ranks over the one at 2 ranks

BUILD is the build directory (default: build). The published counts are checked by every run. Rows of --json: case,
peer, ours_ns, peer_ns (per node), ratio: ours over the peer's, so that less is better; the table prints its inverse.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_rmaps_base_oversubscribe="1")


class Runs:
    """Nanoseconds per node of one kind of run, by round."""

    def __init__(self, program, folder):
        self.program = program
        self.result = os.path.join(folder, "result")
        self.found = {}

    def command(self, ranks, arguments, number):
        # Two copies that run at the same time must not be bound to the same processor.
        bound = ["--bind-to", "none"] if ranks == 1 else []
        return ["mpirun", "-q", *bound, "-n", str(ranks), self.program, *arguments, "--json", f"{self.result}.{number}"]

    def measure(self, name, tree, ranks=1, arguments=(), copies=1):
        running = [subprocess.Popen(self.command(ranks, ("--tree", tree, *arguments), i), env=ENVIRONMENT,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for i in range(copies)]
        for one in running:
            text = one.communicate(timeout=600)[0]
            if one.returncode != 0:
                sys.exit(f"{' '.join(one.args)} ended with {one.returncode}:\n{text}")
        rate = 0.0
        for i in range(copies):
            with open(f"{self.result}.{i}") as file:
                done = json.load(file)
            rate += done["nodes"] / done["seconds"]
        self.found.setdefault(name, []).append(1e9 / rate)

    def median(self, name):
        return statistics.median(self.found[name])


def compare(program, tree, rounds):
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(program, folder)
        for _ in range(rounds):
            runs.measure("bare", tree, arguments=("--bare",))
            runs.measure("sequential", tree, arguments=("--sequential",))
            runs.measure("one", tree)
            runs.measure("two sequential", tree, arguments=("--sequential",), copies=2)
            runs.measure("two", tree, ranks=2)
            runs.measure("eight", tree, ranks=8)
    pairs = (("bare", "sequential", "bare"), ("one", "one", "sequential"), ("two", "two", "two sequential"),
             ("eight", "eight", "two"))
    return [{"case": f"{case}/{tree}", "peer": peer, "ours_ns": runs.median(ours), "peer_ns": runs.median(peer),
             "ratio": runs.median(ours) / runs.median(peer)} for case, ours, peer in pairs]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--trees", default="T1,T3,T2,T5,T1L,T3L")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    for tree in options.trees.split(","):
        for row in compare(os.path.join(options.build, "bin", "weft-uts"), tree, options.rounds):
            rows.append(row)
            print(f"{row['case']:<12} {1e3 / row['ours_ns']:8.2f} M nodes/s, {row['peer']:<14} "
                  f"{1e3 / row['peer_ns']:8.2f} M/s: {100 / row['ratio']:6.1f} %", flush=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()
