# SPDX-License-Identifier: BSL-1.0
"""Checks the rules that the sources follow: layers, licence lines, size, leftovers (docs/design/architecture.md).

usage: source_rules_test.py ROOT
"""
import os
import re
import sys

# Each room and the rooms that it may include, itself aside. Everything may include core.
BELOW = {
    "core": [],
    "world": [],
    "journal": ["world"],
    "mpi": ["world"],
    "posix": ["world"],
    "sim": ["world"],
    "observe": [],
    "async": ["world", "journal"],
    "comm": ["world", "journal", "async"],
    "port": ["world", "journal", "async", "comm"],
    "message": ["world", "journal", "async", "comm", "port"],
    "queue": ["world", "journal", "async", "comm", "port", "message"],
    "txn": ["world", "journal", "async", "comm", "port", "message"],
    "memory": ["world", "journal", "async", "comm", "port", "message"],
    "process": ["world", "journal", "async", "comm", "port", "message"],
}
# Bridges see both sides of the world interfaces, and no room includes them.
BRIDGE = re.compile(r"^(run/.*|mpi/(context|native|attach|boost)|sim/(world|explore))\.(hpp|cpp)$")
# The umbrella header and the version belong to no room.
ROOMLESS = {"weft.hpp", "version.hpp"}

CODE = (".hpp", ".cpp")
SCRIPTS = (".py", ".sh", ".cmake")
MAX_LINES = 400
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
MPI_HEADER = re.compile(r"^(mpi\.h|boost/mpi(\.hpp|/.*))$")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def files_under(root, *folders):
    for folder in folders:
        for path, subfolders, names in os.walk(os.path.join(root, folder)):
            subfolders[:] = sorted(s for s in subfolders if s not in ("build", "__pycache__"))
            for name in sorted(names):
                yield os.path.relpath(os.path.join(path, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def check_include(inside, target):
    """`inside` is a path below include/weft or src, `target` what it includes; returns what is wrong, or None."""
    room = inside.split("/")[0]
    if MPI_HEADER.match(target):
        return None if room == "mpi" else "includes <%s>; MPI appears in the room mpi only" % target
    target = target[len("weft/"):] if target.startswith("weft/") else target
    if "/" not in target or target in ROOMLESS or inside in ROOMLESS or BRIDGE.match(inside):
        return None
    other = target.split("/")[0]
    if other == room or other == "core":
        return None
    if other not in BELOW and other != "run":
        return None  # a header of somebody else
    if room not in BELOW:
        return "room %s has no place in the layers" % room
    if other not in BELOW[room] or BRIDGE.match(target):
        return "%s may not include %s" % (room, target)
    return None


def check_layers(root):
    for path in files_under(root, "include/weft", "src"):
        if not path.endswith(CODE):
            continue
        inside = re.sub(r"^(include/weft|src)/", "", path)
        for number, line in enumerate(read(root, path).splitlines(), 1):
            match = INCLUDE.match(line)
            wrong = check_include(inside, match.group(1)) if match else None
            if wrong:
                yield "%s:%d: %s" % (path, number, wrong)


def check_text(root):
    scripts = [p for p in files_under(root, "scripts", ".ci") if not p.endswith((".in", ".txt", ".md"))]
    sources = [p for p in files_under(root, "include", "src", "apps", "tests")
               if p.endswith(CODE + SCRIPTS) or p.endswith("CMakeLists.txt")]
    for path in sorted(set(sources + scripts)):
        lines = read(root, path).splitlines()
        if not any("SPDX-License-Identifier: BSL-1.0" in line for line in lines[:2]):
            yield "%s:1: no line 'SPDX-License-Identifier: BSL-1.0'" % path
        for number, line in enumerate(lines, 1):
            if LEFTOVER.search(line) and not path.endswith("source_rules_test.py"):
                yield "%s:%d: leftover '%s'" % (path, number, LEFTOVER.search(line).group(0))
        if path.startswith(("include/", "src/")) and len(lines) > MAX_LINES:
            yield "%s: %d lines, more than %d" % (path, len(lines), MAX_LINES)
        if path.endswith(".hpp") and "#pragma once" not in lines:
            yield "%s: no '#pragma once'" % path


# The checker is checked first: (file, include, must be refused).
KNOWN = [
    ("core/log.hpp", "weft/world/time.hpp", True),
    ("async/loop.cpp", "weft/port/port.hpp", True),
    ("async/loop.cpp", "async/detail.hpp", False),
    ("async/loop.hpp", "mpi.h", True),
    ("comm/typed.hpp", "boost/mpi/datatype.hpp", True),
    ("mpi/transport.cpp", "mpi.h", False),
    ("mpi/transport.cpp", "weft/async/loop.hpp", True),
    ("mpi/context.hpp", "weft/port/context.hpp", False),
    ("queue/work_queue.hpp", "weft/mpi/context.hpp", True),
    ("queue/work_queue.hpp", "weft/run/run.hpp", True),
    ("queue/work_queue.hpp", "weft/port/port.hpp", False),
    ("run/run.cpp", "weft/mpi/transport.hpp", False),
    ("weft.hpp", "weft/run/run.hpp", False),
    ("core/log.cpp", "sys/time.h", False),
]


def main():
    root = sys.argv[1]
    problems = ["self-check: %s including %s" % (inside, target) for inside, target, refused in KNOWN
                if (check_include(inside, target) is not None) != refused]
    for check in (check_layers, check_text):
        problems += check(root)
    print("\n".join(problems) or "sources follow the rules")
    return 1 if problems else 0


sys.exit(main())
