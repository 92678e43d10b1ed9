#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What two ranks of this machine take, and what the simulator says that they take.

usage: scripts/bench/predict.py [--rounds N] [--tree T1L] [--json FILE] [BUILD]

Each round, on two ranks: fits the simulator's network to ping-pong and window (weft-bench loggp), measures ping-pong,
64-message window and halo step (weft-bench patterns) and a tree search (weft-uts); then runs the same programs under
WEFT_SIM with the fitted network. What a program computes is charged to the simulated clock: the stencil as the halo
step's own measures it, a tree's node as `weft-uts --sequential` does, two copies at the same time. Prints the medians of
the rounds, and the error of the prediction. BUILD is the build directory (default: build).
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
ENVIRONMENT.pop("WEFT_SIM", None)


class Programs:
    def __init__(self, build, folder):
        self.build, self.folder, self.number = build, folder, 0

    def start(self, words, launcher=(), **more):
        self.number += 1
        result = os.path.join(self.folder, f"result.{self.number}")
        command = [*launcher, os.path.join(self.build, "bin", words[0]), *words[1:], "--json", result]
        running = subprocess.Popen(command, env=dict(ENVIRONMENT, **more), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        return running, result

    @staticmethod
    def finish(running, result):
        text = running.communicate(timeout=1200)[0]
        if running.returncode != 0:
            sys.exit(f"{' '.join(running.args)} ended with {running.returncode}:\n{text}")
        with open(result) as file:
            return json.load(file)

    def real(self, *words, ranks=2):
        launcher = ["mpirun", "-q", "-n", str(ranks)] + (["--bind-to", "none"] if ranks == 1 else [])
        return self.finish(*self.start(words, launcher))

    def two_at_a_time(self, *words):
        """The results of two copies that run at the same time, each on one rank."""
        both = [self.start(words, ["mpirun", "-q", "-n", "1", "--bind-to", "none"]) for _ in range(2)]
        return [self.finish(*one) for one in both]

    def simulated(self, settings, *words):
        return self.finish(*self.start(words, WEFT_SIM=f"ranks=2,{settings}"))


def node_ns(programs, tree):
    copies = programs.two_at_a_time("weft-uts", "--sequential", "--tree", tree)
    return statistics.mean(1e9 * one["seconds"] / one["nodes"] for one in copies)


def times_of(patterns, search):
    return {"ping-pong, 8 bytes": patterns["ping_pong_ns"]["8"], "window of 64": patterns["window_ns"],
            "halo step": patterns["halo_ns"], "tree search": 1e9 * search["seconds"]}


def one_round(programs, tree):
    fitted = programs.real("weft-bench", "loggp")
    patterns = programs.real("weft-bench", "patterns")
    a_node = node_ns(programs, tree)
    search = programs.real("weft-uts", "--tree", tree)
    real = times_of(patterns, search)
    settings = fitted["settings"]
    patterns = programs.simulated(settings, "weft-bench", "patterns", "--batches", "5", "--stencil-ns",
                                  str(round(patterns["stencil_ns"])))
    search = programs.simulated(settings, "weft-uts", "--tree", tree, "--charge", str(a_node))
    return real, times_of(patterns, search), settings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tree", default="T1L")
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        programs = Programs(options.build, folder)
        rounds = [one_round(programs, options.tree) for _ in range(options.rounds)]
    rows = []
    print(f"{'on two ranks, medians of ' + str(options.rounds):<26} {'real us':>12} {'predicted us':>13} {'error':>8}")
    for name in rounds[0][0]:
        real = statistics.median(one[0][name] for one in rounds)
        predicted = statistics.median(one[1][name] for one in rounds)
        error = 100 * (predicted / real - 1)
        rows.append({"case": name, "real_ns": real, "predicted_ns": predicted, "error_percent": error})
        print(f"{name:<26} {real / 1e3:>12.3f} {predicted / 1e3:>13.3f} {error:>+7.1f}%")
    print("the last round's network: WEFT_SIM=" + rounds[-1][2])
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"rows": rows, "settings": [one[2] for one in rounds]}, file, indent=2)


if __name__ == "__main__":
    main()
