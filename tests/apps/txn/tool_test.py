# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 2
"""weft-txn over what a killed job of a store has left: what lies there, what is in doubt and why, a copy by dump and load,
an operator's decision, and damage."""
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "torture"))
import journal_files

BIN = os.environ["TEST_BIN_DIR"]
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])
BANK = os.path.join(BIN, "weft_torture_store")


def tool(*arguments, code=0, **options):
    done = subprocess.run([os.path.join(BIN, "weft-txn"), *arguments], capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
    return done


def asked(*arguments):
    """The answer as JSON."""
    tool(*arguments, "--json", "answer")
    with open("answer") as file:
        return json.load(file)


def command(directory, life, seconds, ranks, notes="notes"):
    return [*LAUNCHER, str(ranks), BANK, directory, notes, str(life), str(seconds), "implicit", "wait_die"]


def run_bank(directory, life, notes="notes"):
    done = subprocess.run(command(directory, life, 0.1, 2, notes), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def acknowledged(life):
    count = 0
    for name in os.listdir("notes"):
        if name.startswith(f"acks.{life}."):
            with open(os.path.join("notes", name)) as file:
                count += file.read().count("\n")
    return count


def kill_bank(directory, life):
    """Leaves something in doubt, by all chance."""
    launcher = subprocess.Popen(command(directory, life, 30, 3), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while acknowledged(life) < 100:
        assert launcher.poll() is None
        time.sleep(random.uniform(0.01, 0.1))
    with open(f"/proc/{launcher.pid}/task/{launcher.pid}/children") as file:
        ranks = [int(word) for word in file.read().split()]
    inspected = asked("inspect", directory)
    assert inspected["is_in_use"], inspected
    for rank in ranks:
        os.kill(rank, signal.SIGKILL)
    launcher.wait()


def find_undecided(directory):
    """A transaction whose promises are not all there."""
    for life in range(1, 8):
        kill_bank(directory, life)
        for each in asked("list", directory)["in_doubt"]:
            if "promises are there" in each["reason"] and each["would"] == "abort":
                return each["id"]
    raise AssertionError("nothing was left in doubt")


def test_looking(directory, undecided):
    inspected = asked("inspect", directory)
    assert len(inspected["journals"]) == 3 and inspected["keys"] > 60 and inspected["in_doubt"] > 0, inspected
    assert not inspected["is_in_use"]
    explained = asked("explain", undecided, directory)
    assert "a start would abort it" in explained["verdict"], explained
    assert {record["record"] for record in explained["records"]} == {"prepared"}, explained
    committed = [each for each in asked("list", "--all", directory)["others"] if each["outcome"] == "committed"]
    for each in committed[:1]:  # none, if the journals have just been rewritten
        assert asked("explain", each["id"], directory)["verdict"] == "committed"
    verified = asked("verify", directory)
    assert verified["journals"] == 3 and verified["bytes"] == inspected["bytes"]


def test_copy(directory):
    tool("dump", directory, "dumped")
    tool("load", "copy", "dumped")
    assert tool("dump", "copy").stdout == tool("dump", directory).stdout
    tool("load", "copy", "dumped", code=2)  # there is one already
    shutil.copytree("notes", "copied notes")
    run_bank("copy", 100, "copied notes")  # which compares it with what clients were told
    tool("load", "other", code=2, input='{"key": "0g", "value": ""}\n')


def test_decision(directory, undecided):
    refused = tool("resolve", undecided, "abort", directory, code=2)
    assert "--force" in refused.stderr
    assert "in doubt" in tool("list", directory).stdout
    shutil.copytree(directory, "committed")
    tool("resolve", undecided, "abort", directory, "--force")
    verdict = asked("explain", undecided, directory)["verdict"]
    assert "an operator had it abort on" in verdict, verdict
    run_bank(directory, 101)
    verdict = asked("explain", undecided, directory)["verdict"]
    assert verdict.startswith("aborted") and "an operator had it abort on" in verdict, verdict
    tool("resolve", undecided, "abort", directory, "--force", code=2)  # it is not in doubt any more

    before = tool("dump", "committed").stdout
    tool("resolve", undecided, "commit", "committed", "--force")
    assert tool("dump", "committed").stdout != before, "half of a transaction has been forced in"
    assert asked("inspect", "committed")["decided_by_operator"] == 1


def test_damage(directory):
    segments = journal_files.live_journals(directory)[0]
    limit = journal_files.acknowledged(segments)
    segment = [s for s in segments if s.has_whole_snapshot()][-1]
    record = [r for r in segment.records if r.position + r.size <= limit and r.length > 0][0]
    with open(segment.path, "r+b") as file:
        file.seek(record.offset + journal_files.RECORD.size)
        file.write(bytes([segment.content[record.offset + journal_files.RECORD.size] ^ 1]))
    refused = tool("verify", directory, code=1)
    assert f"{segment.name} is damaged at byte {record.offset}" in refused.stderr, refused.stderr
    tool("inspect", directory, code=1)


def test_usage():
    assert tool("--version").stdout.startswith("weft-txn ")
    assert "explain" in tool("--help").stdout
    tool(code=2)
    tool("inspect", "nowhere", code=2)
    tool("explain", "1.2", "nowhere", code=2)
    tool("resolve", "1.0.1", "perhaps", "nowhere", code=2)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("notes")
    test_usage()
    found = find_undecided("bank")
    test_looking("bank", found)
    test_copy("bank")
    test_decision("bank", found)
    test_damage("bank")
