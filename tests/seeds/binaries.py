#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""No planted fault, and no mark, is in a binary that is not built for them.

usage: binaries.py WEFT_SEEDS_PLANTED BINARY...
"""
import subprocess
import sys


def main():
    planted, binaries = sys.argv[1], sys.argv[2:]
    listed = subprocess.run([planted, "--places"], text=True, stdout=subprocess.PIPE, check=True).stdout
    names = [line.split()[1].encode() for line in listed.splitlines()]
    if len(names) < 50:
        sys.exit("only %d names of faults and marks" % len(names))
    with open(planted, "rb") as f:
        content = f.read()
    wrong = ["%s is not in %s: the search finds nothing" % (name.decode(), planted)
             for name in names if name not in content]
    for path in binaries:
        with open(path, "rb") as f:
            content = f.read()
        wrong += ["%s is in %s" % (name.decode(), path) for name in names if name in content]
    print("\n".join(wrong) or "%d names, in none of %d binaries" % (len(names), len(binaries)))
    return 1 if wrong else 0


sys.exit(main())
