#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The mutation score: runs each planted fault over the seed suites and prints what found it.

usage: mutation.py WEFT_SEEDS_PLANTED [--times X] [--faults PATTERN] [--with-tests BUILD] [--jobs N]

WEFT_SEEDS_PLANTED is the program of that name. First the control: every suite without a fault, over the seeds that any
fault gets (see SEEDS), must find nothing, and together they must reach every mark. Then, for each fault, the suites one
after the other, those
of its area first, until one finds it. A fault that no suite finds makes the script fail.

--with-tests BUILD: BUILD is a build with -DWEFT_PLANTED_FAULTS=ON. Each fault is also run over the unit tests and the
tests under mpirun of its room and of those above it, without the tests that run in the simulator, until one of them
fails twice with it. That takes long, and is done by hand; `--only-tests` leaves the seeds out, and
`--rooms journal,queue` all other rooms.
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
          "calls": 100, "locks": 300, "channels": 300, "farm": 150, "hostile": 100, "txn": 1000}
# Where to look first.
FIRST = {
    "channel": ["channels"],
    "credits": ["ports"],
    "epochs": ["durable"],
    "journal": ["durable"],
    "leases": ["durable"],
    "loop": ["scopes"],
    "matching": ["messages"],
    "once": ["channels"],
    "port": ["ports"],
    "queue": ["service", "queue"],
    "select": ["channels"],
    "stealing": ["service", "queue"],
    "termination": ["ports", "queue"],
    "txn": ["txn"],
}
# Of a fault's area: its room and those above it, whose tests may find it.
ROOMS = {
    "channel": ["message"],
    "credits": ["port", "message", "queue", "txn"],
    "epochs": ["journal", "queue", "txn", "farm"],
    "journal": ["journal", "queue", "txn", "farm"],
    "leases": ["queue"],
    "loop": ["async", "comm", "port", "message", "queue", "txn", "farm"],
    "matching": ["comm", "port", "message", "queue", "txn"],
    "once": ["message"],
    "port": ["port", "message", "queue", "txn"],
    "queue": ["queue"],
    "select": ["message"],
    "stealing": ["queue"],
    "termination": ["port", "message", "queue", "txn"],
    "txn": ["txn"],
}
SIMULATED = ["durable_store.*", "*transaction_cost.*"]  # unit tests outside of unit/sim that run in the simulator
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


class other_tests:
    """Of a build with planted faults: those outside the simulator."""

    def __init__(self, build, rooms):
        self.build = build
        self.rooms = rooms or sorted(set(sum(ROOMS.values(), [])))
        self.seconds, self.bad = {}, {}
        for room in self.rooms:
            self.look_at(room)

    def look_at(self, room):
        """How long its tests take without a fault, and which fail then already (on a slow machine, or without optimization)."""
        self.bad[room], self.seconds[room] = [], 1200
        while True:
            test, self.seconds[room] = self.run_unit(room, "", self.bad[room])
            if not test:
                return
            print("weft_unit_%s: %s fails without a fault, and is left out" % (room, test), flush=True)
            self.bad[room].append(test)

    def run(self, command, fault, timeout):
        env = {k: v for k, v in os.environ.items() if k != "WEFT_FAULT"}
        if fault:
            env["WEFT_FAULT"] = fault
        try:
            done = subprocess.run(command, env=env, text=True, errors="replace", timeout=timeout, cwd=self.build,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            return -1, (late.stdout or b"").decode(errors="replace")

    def run_unit(self, room, fault, leave_out=(), only=""):
        """(the test that failed or "", seconds)."""
        program = os.path.join(os.path.abspath(self.build), "bin", "weft_unit_" + room)
        chosen = only or "*-" + ":".join(SIMULATED + list(leave_out))
        started = time.monotonic()
        limit = 60 + 5 * self.seconds[room] if fault else 1200
        code, output = self.run([program, "--gtest_fail_fast", "--gtest_filter=" + chosen], fault, limit)
        seconds = time.monotonic() - started
        if code == 0:
            return "", seconds
        begun = re.findall(r"^\[ RUN      \] (\S+)", output, re.M)
        failed = re.findall(r"^\[  FAILED  \] ([^\s,]+\.[^\s,]+)", output, re.M) or begun[-1:]
        return failed[0] if failed else "weft_unit_" + room, seconds

    def run_mpi(self, rooms, fault, only=""):
        wanted = only or r"^mpi\.(%s)\." % "|".join(rooms)
        command = ["ctest", "-L", "^mpi$", "-R", wanted, "--stop-on-failure", "--timeout", "60"]
        code, output = self.run(command, fault, 1800)
        failed = re.findall(r"^\s*\d+ - (\S+) \(", output, re.M)
        return "" if code == 0 else failed[0] if failed else "ctest"

    def that_finds(self, fault):
        """The first test that fails with the fault, and again when it is repeated; "" if none does."""
        rooms = [room for room in ROOMS[fault.split(".")[0]] if room in self.rooms]
        for room in rooms:
            leave_out = list(self.bad[room])
            while True:
                test, _ = self.run_unit(room, fault, leave_out)
                if not test:
                    break
                if self.run_unit(room, fault, only=test)[0]:
                    return "unit.%s.%s" % (room, test)
                leave_out.append(test)
        test = self.run_mpi(rooms, fault)
        return test if test and self.run_mpi(rooms, fault, "^%s$" % re.escape(test)) else ""


def control(program, suite, times):
    """(found nothing, its report, the marks that it did not reach)."""
    command = [program, suite, "--seeds", str(max(1, int(SEEDS[suite] * times))), "--shrink", "0"]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={k: v for k, v in os.environ.items() if k != "WEFT_FAULT"})
    marks = re.search(r"^marks +\d+ of (\d+) reached(?:; not: (.*))?$", done.stdout, re.M)
    missing = set((marks.group(2) or "").split(", ")) - {""} if marks else set()
    report = "".join(line + "\n" for line in done.stdout.splitlines() if not line.startswith("marks "))
    return done.returncode == 0, report, missing


def compare_with_tests(options, faults):
    tests = other_tests(options.with_tests, options.rooms.split(",") if options.rooms else [])
    only_here = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for fault, finder in zip(faults, pool.map(tests.that_finds, faults)):
            only_here += 0 if finder else 1
            print("%-50s %s" % (fault, finder or "- (in the simulator only)"), flush=True)
    print("%d of %d faults are found in the simulator only" % (only_here, len(faults)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--times", type=float, default=1)
    parser.add_argument("--faults", default="*")
    parser.add_argument("--with-tests")
    parser.add_argument("--only-tests", action="store_true")
    parser.add_argument("--rooms", help="of other tests: only those of these rooms, with commas between")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()

    listed = subprocess.run([options.program, "--places"], text=True, stdout=subprocess.PIPE, check=True).stdout
    faults = [line.split()[1] for line in listed.splitlines() if line.startswith("fault ")]
    faults = fnmatch.filter(faults, options.faults)
    if options.only_tests:
        compare_with_tests(options, faults)
        return 0
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
        compare_with_tests(options, faults)
    if not is_quiet:
        print("the control found something")
    return 0 if is_quiet and not unreached and not missed else 1


sys.exit(main())
