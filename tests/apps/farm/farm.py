# SPDX-License-Identifier: BSL-1.0
"""What the tests of weft-farm share."""
import json
import os
import shlex
import subprocess
import time

BIN = os.environ["TEST_BIN_DIR"]
PROGRAM = os.path.join(BIN, "weft-farm")
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])


def command(ranks, *arguments):
    return [*LAUNCHER, str(ranks), PROGRAM, *arguments]


def run(ranks, *arguments, timeout=60, **options):
    """Runs weft-farm in the current directory to its end."""
    return subprocess.run(command(ranks, *arguments), capture_output=True, text=True, timeout=timeout, **options)


def expect(done, code):
    assert done.returncode == code, f"{done.args}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
    return done


def write(path, *lines):
    with open(path, "w") as file:
        file.writelines(line + "\n" for line in lines)
    return path


def read(path):
    with open(path) as file:
        return file.read()


def results(directory):
    """The results by id; an id that is there twice is an error."""
    found = {}
    for line in read(os.path.join(directory, "results.jsonl")).splitlines():
        result = json.loads(line)
        assert result["id"] not in found, f"task {result['id']} has two results"
        found[result["id"]] = result
    return found


def ask(*arguments, code=0):
    """What a command that needs no MPI answers."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, timeout=60)
    assert done.returncode == code, f"{done.args}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
    return done.stdout.decode(errors="replace")


def output(directory, task, kind="out"):
    """What a task has written to its standard output or error."""
    return ask("output", task, directory, f"--{kind}")


def outputs(directory):
    """The ids of tasks that have written something, from the indexes."""
    found = set()
    folder = os.path.join(directory, "output")
    for name in os.listdir(folder):
        if name.endswith(".index"):
            found |= {int(line.split()[0]) for line in read(os.path.join(folder, name)).splitlines()}
    return sorted(found)


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.02)


def children(process):
    try:
        return [int(word) for word in read(f"/proc/{process}/task/{process}/children").split()]
    except FileNotFoundError:
        return []


def is_alive(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def processes_with(mark):
    """Processes that have `mark`, "NAME=value", in their environment."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if mark.encode() in file.read().split(b"\0") and is_alive(entry):
                    found.append(int(entry))
        except OSError:
            continue
    return found
