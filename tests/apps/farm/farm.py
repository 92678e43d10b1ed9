# SPDX-License-Identifier: BSL-1.0
"""What the tests of weft-farm share."""
import json
import os
import shlex
import subprocess

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


def output(directory, number, kind="out"):
    return os.path.join(directory, "output", str(number // 1000), f"{number}.{kind}")


def outputs(directory):
    """The names of all output files."""
    return sorted(name for _, _, names in os.walk(os.path.join(directory, "output")) for name in names)
