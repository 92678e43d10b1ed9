# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 2
"""Every task runs once, whatever becomes of it; its status and output are kept; the summary and exit code are right."""
import json
import os
import tempfile

import farm

LARGE = 10_000_000
FAILING = {line: line // 200 + 1 for line in range(7, 2001, 200)}
KILLED, LOUD = 500, 900


def many_tasks():
    lines = ["true"] * 2000
    for line, code in FAILING.items():
        lines[line - 1] = f"echo failing >&2; exit {code}"
    lines[KILLED - 1] = "kill -9 $$"
    lines[LOUD - 1] = f"head -c {LARGE} /dev/zero | tr '\\0' x"
    return lines


def two_thousand(ranks):
    farm.write("many", *many_tasks())
    done = farm.expect(farm.run(ranks, "run", "many", "--results", f"at{ranks}", "--json", "report"), 3)
    found = farm.results(f"at{ranks}")
    assert sorted(found) == list(range(1, 2001))
    for line, result in found.items():
        assert list(result) == ["id", "command", "exit", "signal", "seconds", "rank", "attempt"]
        killed = line == KILLED
        assert result["signal"] == (9 if killed else None), result
        assert result["exit"] == (None if killed else FAILING.get(line, 0)), result
        assert 0 <= result["rank"] < ranks and result["attempt"] == 1 and result["seconds"] > 0, result
    assert farm.outputs(f"at{ranks}") == sorted([*FAILING, LOUD]), farm.outputs(f"at{ranks}")
    assert len(os.listdir(f"at{ranks}/output")) == 2, "one log and its index for this node"
    assert farm.output(f"at{ranks}", LOUD) == "x" * LARGE
    assert farm.output(f"at{ranks}", min(FAILING), "err") == "failing\n"
    assert "2000 tasks, 11 failed" in done.stdout and "and 6 more that failed" in done.stdout, done.stdout

    report = json.loads(farm.read("report"))
    counts = {key: report[key] for key in ("tasks", "succeeded", "failed", "killed", "not_run")}
    assert counts == {"tasks": 2000, "succeeded": 1989, "failed": 11, "killed": 1, "not_run": 0}, counts
    assert sum(rank["tasks"] for rank in report["ranks"]) == 2000
    assert all(rank["tasks"] > 0 for rank in report["ranks"]), report["ranks"]
    assert report["tasks_per_second"] > 0 and len(report["ranks"]) == ranks


def balance():
    """While one rank is held by a long task, others run the rest."""
    farm.write("uneven", "sleep 2", *["sleep 0.01"] * 60)
    farm.expect(farm.run(2, "run", "uneven"), 0)
    found = farm.results("uneven.weft")
    long_one = found.pop(1)["rank"]
    elsewhere = sum(result["rank"] != long_one for result in found.values())
    assert elsewhere >= 50, f"only {elsewhere} of 60 short tasks ran beside the long one"


def slots():
    """Tasks that wait for each other end only if they run at the same time on one rank."""
    farm.write("pair", "echo > a; while ! [ -e b ]; do sleep 0.01; done; echo $WEFT_TASK_SLOT",
               "echo > b; while ! [ -e a ]; do sleep 0.01; done; echo $WEFT_TASK_SLOT")
    farm.expect(farm.run(1, "run", "pair", "--slots", "2"), 0)
    assert {farm.output("pair.weft", line) for line in (1, 2)} == {"0\n", "1\n"}


def standard_input():
    tasks = "# a note\n\necho from stdin\n"
    farm.expect(farm.run(2, "run", "-", input=tasks), 0)
    assert list(farm.results("stdin.weft")) == [3]
    assert farm.output("stdin.weft", 3) == "from stdin\n"


def nothing():
    farm.write("empty", "# nothing to do")
    farm.expect(farm.run(2, "run", "empty"), 0)
    assert farm.results("empty.weft") == {}


def long_commands():
    """Longer than an eager message, and longer than the system takes."""
    farm.write("long", "echo " + "x" * 100_000, ": " + "y" * 200_000, "echo short")
    farm.expect(farm.run(3, "run", "long"), 3)
    found = farm.results("long.weft")
    assert {line: result["exit"] for line, result in found.items()} == {1: 0, 2: 126, 3: 0}
    assert len(farm.output("long.weft", 1)) == 100_001
    assert "too long" in farm.output("long.weft", 2, "err")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for ranks in (2, 1, 4):
        two_thousand(ranks)
    balance()
    slots()
    standard_input()
    nothing()
    long_commands()
