# SPDX-License-Identifier: BSL-1.0
# timeout: 180
# processors: 2
"""The published trees come out equal at every number of ranks, and without a queue."""
import json
import os
import shlex
import subprocess
import tempfile

PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft-uts")
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])
PUBLISHED = {
    "T1": {"nodes": 4130071, "leaves": 3305118, "depth": 10},
    "T3": {"nodes": 4112897, "leaves": 3599034, "depth": 1572},
    "T5": {"nodes": 4147582, "leaves": 2181318, "depth": 20},
}


def count(ranks, *options):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "result.json")
        command = [*LAUNCHER, str(ranks), PROGRAM, *options, "--json", result]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        with open(result) as file:
            return json.load(file)


def check(found, tree, ranks):
    for key, value in PUBLISHED[tree].items():
        assert found[key] == value, f"{tree} at {ranks} ranks: {key} is {found[key]}, not {value}"
    assert found["ranks"] == ranks
    assert found["seconds"] > 0
    shares = found["balance"]
    if shares:
        assert len(shares) == ranks and sum(share["nodes"] for share in shares) == found["nodes"], shares
        assert sum(share["stolen"] for share in shares) == sum(share["given"] for share in shares), shares


for tree in ("T1", "T3"):
    for ranks in (1, 2, 4, 8):
        check(count(ranks, "--tree", tree), tree, ranks)
check(count(3, "--tree", "T5"), "T5", 3)
alone = count(2, "--tree", "T1", "--sequential")
check(alone, "T1", 1)
assert alone["balance"] == []
small = count(4, "-t", "0", "-b", "20", "-q", "0.124875", "-m", "8", "-r", "42")
assert (small["nodes"], small["depth"], small["leaves"]) == (6213, 67, 5438), small
