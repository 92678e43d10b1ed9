# SPDX-License-Identifier: BSL-1.0
"""Checks that the MPI test main fails when it must, and says which rank failed how.

usage: harness_test.py PROGRAM LAUNCHER...   (the launcher's words, up to and with the number of ranks)
"""
import os
import subprocess
import sys

# (test, limit in seconds, passes, what the output must contain)
CASES = [
    ("failing.passes", 20, True, ["[       OK ] failing.passes", "passed 1, skipped 0, failed 0, on 2 ranks"]),
    ("failing.on_rank_1_only", 20, False, ["rank 1: ", "the text of the rank that failed", "[  FAILED  ] failing.on_rank_1_only"]),
    ("failing.throws_on_rank_1", 20, False, ["rank 1: ", "thrown on rank 1"]),
    ("failing.leaves_a_request_on_rank_1", 20, False,
     ["rank 1: left open at the end: 1 request\n", "failing.leaves_a_request_on_rank_1 left 1 request\n"]),
    ("failing.leaves_a_communicator", 20, False, ["rank 0: left open at the end: 1 communicator\n", "rank 1: left open"]),
    ("failing.hangs_on_rank_0_after_rank_1_failed", 1, False,
     ["rank 0: test took too long in failing.hangs", "failed before the hang", "rank 1: stack\n"]),
    ("failing_suite.passes_itself", 20, False, ["rank 1: ", "set-up failed", "[  FAILED  ] set-up or tear-down"]),
]


def run(program, launcher, test, limit):
    environment = dict(os.environ, TEST_LIMIT=str(limit))
    command = launcher + [program, "--gtest_filter=" + test]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


def main():
    program, launcher = sys.argv[1], sys.argv[2:]
    wrong = 0
    for test, limit, passes, expected in CASES:
        result = run(program, launcher, test, limit)
        problems = ["does not say %r" % text for text in expected if text not in result.stdout]
        if (result.returncode == 0) != passes:
            problems.append("exit code %d" % result.returncode)
        if problems:
            wrong += 1
            print("%s: %s\n%s" % (test, "; ".join(problems), result.stdout))
    print("%d of %d cases behaved" % (len(CASES) - wrong, len(CASES)))
    return 1 if wrong else 0


sys.exit(main())
