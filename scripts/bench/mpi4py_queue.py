#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Items per second through mpi4py.futures beside weft's queue, in one run, taken in turn.

usage: scripts/bench/mpi4py_queue.py [--ranks N] [--rounds N] [--json FILE] [BUILD]

Both sides do what `weft-bench queue` does: rank 0 hands out items, the others work on them (a few instructions each),
rank 0 checks the sum. mpi4py's map is timed with each chunk size of 1, 16, 256, 4096 and 65536, and the best counts;
its workers live on between the rounds. BUILD is the build directory (default: build). Needs mpi4py (Debian:
python3-mpi4py). Rows of --json: case, peer, ours_ns, peer_ns (per item), ratio (ours over the peer's).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

CHUNKS = (1, 16, 256, 4096, 65536)
WORKER = "--as-master"


def work_on(n):
    return n ^ (n * n)


def as_master(rounds):
    """Runs under `mpiexec -n N python3 -m mpi4py.futures`: prints seconds per item of each round, by chunk size."""
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as pool:
        pool.bootup()
        for _ in range(rounds):
            for chunk in CHUNKS:
                count = min(200_000, 2_000 * chunk)
                begin = time.perf_counter()
                total = sum(pool.map(work_on, range(count), chunksize=chunk))
                seconds = time.perf_counter() - begin
                assert total == sum(map(work_on, range(count)))
                print(chunk, seconds / count, flush=True)


def launcher(ranks):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_rmaps_base_oversubscribe="1")
    return ["mpirun", "-q", "-n", str(ranks)], environment


def theirs(ranks):
    """Nanoseconds per item by chunk size."""
    command, environment = launcher(ranks)
    done = subprocess.run([*command, sys.executable, "-m", "mpi4py.futures", __file__, WORKER, "1"], env=environment,
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"mpi4py.futures failed:\n{done.stdout}{done.stderr}")
    return {int(chunk): float(seconds) * 1e9 for chunk, seconds in (line.split() for line in done.stdout.splitlines())}


def ours(ranks, build, case):
    command, environment = launcher(ranks)
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "queue.json")
        program = os.path.join(build, "bin", "weft-bench")
        done = subprocess.run([*command, program, "--json", result, "--quick", "--only", case, "queue"],
                              env=environment, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            sys.exit(f"{program} failed:\n{done.stdout}{done.stderr}")
        with open(result) as file:
            return json.load(file)["rows"][0]["ours_ns"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    try:
        import mpi4py.futures  # noqa: F401
    except ModuleNotFoundError:
        sys.exit("mpi4py_queue.py needs mpi4py: apt install python3-mpi4py, or pip install mpi4py")

    cases = {"put_get": [], "batch64": []}
    peer = {chunk: [] for chunk in CHUNKS}
    for _ in range(options.rounds):
        for chunk, nanoseconds in theirs(options.ranks).items():
            peer[chunk].append(nanoseconds)
        for case, found in cases.items():
            found.append(ours(options.ranks, options.build, case))
    by_chunk = {chunk: statistics.median(found) for chunk, found in peer.items()}
    best = min(by_chunk, key=by_chunk.get)
    print(f"{options.ranks} ranks, {options.rounds} rounds in turn, medians")
    for chunk, nanoseconds in by_chunk.items():
        print(f"mpi4py.futures map, chunks of {chunk:>5}: {nanoseconds:10.1f} ns an item{'  (best)' if chunk == best else ''}")
    rows = []
    for case, found in cases.items():
        mine = statistics.median(found)
        rows.append({"case": f"{case}/{options.ranks}", "peer": f"mpi4py.futures, chunks of {best}", "ours_ns": mine,
                     "peer_ns": by_chunk[best], "ratio": mine / by_chunk[best]})
        print(f"weft {case:<20}: {mine:10.1f} ns an item, {by_chunk[best] / mine:.1f} times as fast")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"rows": rows}, file, indent=2)


if __name__ == "__main__":
    if sys.argv[1:2] == [WORKER]:
        as_master(int(sys.argv[2]))
    else:
        main()
