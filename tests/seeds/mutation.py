#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The mutation score: runs each planted fault over the seed suites and prints what found it.

usage: mutation.py WEFT_SEEDS_PLANTED [--times X] [--faults PATTERN] [--with-tests BUILD] [--jobs N]

WEFT_SEEDS_PLANTED is the program of that name. First the control: every suite without a fault, over the seeds that any
fault gets (see SEEDS), must find nothing, and together they must reach every mark. Then, for each fault, the suites one after the other, those
of its area first, until one finds it. A fault that no suite finds makes the script fail.

--with-tests BUILD: BUILD is a build with -DWEFT_PLANTED_FAULTS=ON. Each fault is also run over the unit tests and the
tests under mpirun, without those that run in the simulator, and the table says which of them find it. That takes long,
and is done by hand.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import re
import subprocess
import sys
import time

# Of each suite so many seeds, times --times: enough for every fault.
SEEDS = {"queue": 300, "service": 300, "ports": 600, "messages": 300, "collectives": 300, "scopes": 150, "durable": 1200,
         "calls": 100, "locks": 300}
# Where to look first.
FIRST = {
    "credits": ["ports"],
    "epochs": ["durable"],
    "journal": ["durable"],
    "leases": ["durable"],
    "loop": ["scopes"],
    "matching": ["messages"],
    "port": ["ports"],
    "queue": ["service", "queue"],
    "stealing": ["service", "queue"],
    "termination": ["ports", "queue"],
}
SEED = re.compile(r"^(\w+): seed (\d+): (.*)", re.M)
TIMEOUT = 120


def run_suite(program, suite, fault, times):
    """(seeds it took or None, what was found, seconds)."""
    seeds = max(1, int(SEEDS[suite] * times))
    started = time.monotonic()
    command = [program, suite, "--seeds", str(seeds), "--shrink", "0"]
    try:
        done = subprocess.run(command, env={**os.environ, "WEFT_FAULT": fault}, text=True, timeout=TIMEOUT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(), -1
    seconds = time.monotonic() - started
    if code == 2:
        sys.exit("%s: %s" % (fault, output))
    if code == 0:
        return None, "", seconds
    found = SEED.search(output)
    if not found:
        return 0, "ended with %d" % code, seconds
    return int(found.group(2)), found.group(3), seconds


def hunt(program, fault, times):
    """The first suite that finds the fault: (suite, seeds, what, seconds of all suites)."""
    first = FIRST.get(fault.split(".")[0], [])
    total = 0
    for suite in first + [s for s in SEEDS if s not in first]:
        took, what, seconds = run_suite(program, suite, fault, times)
        total += seconds
        if took is not None:
            return suite, took, what, total
    return None, None, "", total


def tests_that_find(build, fault, known_bad):
    """Names of ctest cases outside the simulator that fail with the fault."""
    command = ["ctest", "--test-dir", build, "-L", "^(unit|mpi)$", "-E", r"^unit\.sim\.", "--timeout", "60"]
    done = subprocess.run(command, env={**os.environ, "WEFT_FAULT": fault}, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    failed = re.findall(r"^\s*\d+ - (\S+) \(", done.stdout, re.M)
    return sorted(set(failed) - known_bad)


def control(program, suite, times):
    """(found nothing, its report, the marks that it did not reach)."""
    command = [program, suite, "--seeds", str(max(1, int(SEEDS[suite] * times))), "--shrink", "0"]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={k: v for k, v in os.environ.items() if k != "WEFT_FAULT"})
    marks = re.search(r"^marks +\d+ of (\d+) reached(?:; not: (.*))?$", done.stdout, re.M)
    missing = set((marks.group(2) or "").split(", ")) - {""} if marks else set()
    report = "".join(line + "\n" for line in done.stdout.splitlines() if not line.startswith("marks "))
    return done.returncode == 0, report, missing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--times", type=float, default=1)
    parser.add_argument("--faults", default="*")
    parser.add_argument("--with-tests")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()

    listed = subprocess.run([options.program, "--places"], text=True, stdout=subprocess.PIPE, check=True).stdout
    faults = [line.split()[1] for line in listed.splitlines() if line.startswith("fault ")]
    faults = fnmatch.filter(faults, options.faults)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        controls = [pool.submit(control, options.program, suite, options.times) for suite in SEEDS]
        hunts = [pool.submit(hunt, options.program, fault, options.times) for fault in faults]
        print("control, without a fault:")
        is_quiet, unreached = True, None
        for each in controls:
            found_nothing, report, missing = each.result()
            print(report, end="", flush=True)
            is_quiet = is_quiet and found_nothing
            unreached = missing if unreached is None else unreached & missing
        marks = sum(line.startswith("mark ") for line in listed.splitlines())
        print("marks: %d of %d reached%s\n" % (marks - len(unreached), marks,
                                               "; not: " + ", ".join(sorted(unreached)) if unreached else ""))
        print("%-50s %-12s %6s %6s  %s" % ("fault", "found by", "seed", "s", "how"))
        missed = []
        for fault, hunted in zip(faults, hunts):
            suite, seed, what, seconds = hunted.result()
            print("%-50s %-12s %6s %6.1f  %s" % (fault, suite or "-", seed or "-", seconds, what[:80]), flush=True)
            if suite is None:
                missed.append(fault)
    print("%d of %d faults found" % (len(faults) - len(missed), len(faults)))
    if options.with_tests:
        known_bad = set(tests_that_find(options.with_tests, "", set()))
        only_here = 0
        for fault in faults:
            finders = tests_that_find(options.with_tests, fault, known_bad)
            only_here += 0 if finders else 1
            print("%-50s %3d tests: %s" % (fault, len(finders), " ".join(finders[:4])), flush=True)
        print("%d of %d faults are found in the simulator only" % (only_here, len(faults)))
    if not is_quiet:
        print("the control found something")
    return 0 if is_quiet and not unreached and not missed else 1


sys.exit(main())
