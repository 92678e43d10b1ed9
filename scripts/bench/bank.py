#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Goodput and repeated attempts of SmallBank and of the TPC-C subset, over ranks, shares of distant transactions and skew.

usage: scripts/bench/bank.py [--ranks N,N...] [--seconds S] [--json FILE] [--markdown FILE] [BUILD]

Runs weft-bank with 16 clients on each rank; the books are checked at the end of every run. BUILD is the build directory
(default: build). Rows of --json: workload, ranks, multi, theta, goodput, attempts (per transaction). --markdown writes
the tables into FILE between the lines `<!-- bank -->` and `<!-- /bank -->`.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

from pages import write_section

WORKLOADS = {"smallbank": ["--accounts", "10000"], "tpcc": ["--accounts", "10000", "--warehouses", "2"]}
MULTI = (0, 10, 50, 100)
THETA = (0.0, 0.6, 0.9)


def bank(build, ranks, seconds, *options):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_rmaps_base_oversubscribe="1")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.json")
        command = ["mpirun", "-q", "-n", str(ranks), os.path.join(build, "bin", "weft-bank"), "--clients", "16", "--seconds",
                   str(seconds), *options, "--json", out]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\nfailed with {done.returncode}\n{done.stdout}{done.stderr}")
        with open(out) as file:
            return json.load(file)


def row(build, workload, ranks, multi, theta, seconds):
    found = bank(build, ranks, seconds, "--workload", workload, *WORKLOADS[workload], "--multi", str(multi), "--theta",
                 str(theta))
    ended = sum(t["committed"] + t["refused"] for t in found["types"].values())
    attempts = sum(t["attempts"] for t in found["types"].values())
    return {"workload": workload, "ranks": ranks, "multi": multi, "theta": theta, "goodput": found["goodput"],
            "attempts": attempts / max(ended, 1)}


def table(rows, workload, ranks):
    lines = [f"**{workload}**, commits a second, and attempts for each:", "",
             "| ranks | distant | " + " | ".join(f"θ = {theta}" for theta in THETA) + " |", "|---" * (len(THETA) + 2) + "|"]
    for n in ranks:
        for multi in MULTI:
            cells = [f"{r['goodput']:,.0f} ({r['attempts']:.2f})" for r in rows
                     if (r["workload"], r["ranks"], r["multi"]) == (workload, n, multi)]
            lines.append(f"| {n} | {multi} % | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0])
    parser.add_argument("--ranks", type=lambda text: [int(n) for n in text.split(",")], default=[2, 4, 8])
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    parser.add_argument("build", nargs="?", default="build")
    options = parser.parse_args()
    rows = [row(options.build, workload, ranks, multi, theta, options.seconds) for workload in WORKLOADS
            for ranks in options.ranks for multi in MULTI for theta in THETA]
    text = "\n\n".join(table(rows, workload, options.ranks) for workload in WORKLOADS)
    print(text)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"rows": rows}, file, indent=1)
    if options.markdown:
        write_section(options.markdown, "bank", text)


main()
