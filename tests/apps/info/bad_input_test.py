# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 1
"""What is wrong is said once, by rank 0, with cause and cure; and the exit code is the table's."""
import json
import os
import shlex
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

BIN = os.environ["TEST_BIN_DIR"]
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])
INFO = os.path.join(BIN, "weft-info")


def run(*command, ranks=2, **variables):
    environment = {**os.environ, **variables}
    launched = [*LAUNCHER, str(ranks), *command] if ranks else list(command)
    return subprocess.run(launched, capture_output=True, text=True, timeout=60, env=environment)


def said(done):
    """Our own lines: mpirun adds a notice between lines of dashes when a program ends with an error."""
    lines, ours = done.stderr.splitlines(), []
    in_notice = False
    for line in lines:
        if line.startswith("----------"):
            in_notice = not in_notice
        elif not in_notice and line.strip():
            ours.append(line)
    return ours


def expect(done, code, *words):
    assert done.returncode == code, f"exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
    lines = said(done)
    assert len(lines) == 1, f"{len(lines)} lines, not 1:\n{done.stderr}"
    for word in words:
        assert word in lines[0], f"'{word}' is not in: {lines[0]}"


# mpirun takes a second to end a job that has failed, and sleeps meanwhile: the cases run side by side.
with ThreadPoolExecutor(4) as pool:
    cases = [
        (2, ["--no-such-flag", "--help"], pool.submit(run, INFO, "--no-such-flag")),
        (2, ["T99"], pool.submit(run, os.path.join(BIN, "weft-uts"), "--tree", "T99")),
        (2, ["subcommand"], pool.submit(run, os.path.join(BIN, "weft-bench"))),
        (2, ["WEFT_IDLE_SPIN_US", "soon"], pool.submit(run, INFO, WEFT_IDLE_SPIN_US="soon")),
        (2, ["WEFT_SIM", "simulator"], pool.submit(run, INFO, WEFT_SIM="ranks=4")),
        (0, ["WEFT_LGO", "WEFT_LOG"], pool.submit(run, INFO, WEFT_LGO="debug")),  # a warning with the nearest name
        # As under the mpirun of another MPI: it says that there are two ranks, and MPI knows of one.
        (6, ["mpirun"], pool.submit(run, INFO, ranks=0, PMI_RANK="0", PMI_SIZE="2")),
    ]
for code, words, done in cases:
    expect(done.result(), code, *words)

helped = run(INFO, "--help")
assert helped.returncode == 0 and helped.stdout.count("--json") >= 1 and not said(helped), helped
version = run(INFO, "--version")
assert version.returncode == 0 and version.stdout.splitlines() == ["weft-info 0.1.0"], version

with tempfile.TemporaryDirectory() as folder:
    result = os.path.join(folder, "info.json")
    done = run(INFO, "--json", result, WEFT_FLUSH_US="70")
    assert done.returncode == 0, done
    with open(result) as file:
        facts = json.load(file)
    assert facts["ranks"] == 2
    flush = [row for row in facts["settings"] if row["name"] == "WEFT_FLUSH_US"]
    assert flush[0]["value"] == "70" and flush[0]["origin"] == "environment", flush
    expect(run(INFO, "--json", os.path.join(folder, "none", "info.json"), ranks=1), 1, "none/info.json")
