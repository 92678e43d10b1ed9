# SPDX-License-Identifier: BSL-1.0
# timeout: 240
# processors: 2
"""The books of every workload are right at every number of ranks; a bank that is kept goes on with another number."""
import json
import os
import shlex
import subprocess
import tempfile

PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft-bank")
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])
LAUNCHER_VARIABLES = ("OMPI_", "PMIX_", "PMI_")


def execute(command, expected=0, env=None):
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=env)
    assert done.returncode == expected, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def bank(ranks, *options):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "result.json")
        execute([*LAUNCHER, str(ranks), PROGRAM, "--accounts", "500", "--clients", "4", *options, "--json", result])
        with open(result) as file:
            return json.load(file)


def check(found, ranks, each):
    assert found["wrong"] == "" and found["ranks"] == ranks, found
    types = found["types"].values()
    ended = sum(t["committed"] + t["refused"] for t in types)
    assert ended == ranks * 4 * each, found
    assert all(t["attempts"] >= t["committed"] + t["refused"] for t in types), found
    assert found["committed"] == sum(t["committed"] for t in types)
    assert all(0 < t["p50_ns"] <= t["p99_ns"] <= t["p999_ns"] for t in types if t["committed"]), found


for ranks in (1, 2, 4):
    for workload in ("smallbank", "transfer", "ycsb", "ring"):
        options = ["--workload", workload, "--transactions", "50", "--multi", "50"]
        found = bank(ranks, *options)
        check(found, ranks, 50)
        assert (found["messages_per_commit"] > 0) == (ranks > 1), found
        if workload == "smallbank":
            assert len(found["types"]) == 6 and all(t["committed"] for t in found["types"].values()), found
    check(bank(ranks, "--workload", "transfer", "--calls", "--transactions", "50", "--decision", "explicit"), ranks, 50)
    found = bank(ranks, "--workload", "tpcc", "--transactions", "50", "--warehouses", "2")
    check(found, ranks, 50)
    assert set(found["types"]) == {"New-Order", "Payment"} and all(t["committed"] for t in found["types"].values()), found
    check(bank(ranks, "--conserving", "--transactions", "50", "--locks", "wound_wait"), ranks, 50)

# A warehouse and all its rows lie on one rank: what stays in one warehouse needs no message.
near = bank(2, "--workload", "tpcc", "--transactions", "50", "--multi", "0")
assert near["messages_per_commit"] == 0, near
far = bank(2, "--workload", "tpcc", "--transactions", "50", "--multi", "100", "--theta", "0.5")
check(far, 2, 50)
assert far["messages_per_commit"] > 1 and far["theta"] == 0.5, far
check(bank(2, "--theta", "0.8", "--transactions", "50"), 2, 50)

timed = bank(2, "--seconds", "0.3")
assert timed["committed"] > 0 and 0.3 <= timed["seconds"] < 20, timed

with tempfile.TemporaryDirectory() as folder:
    for workload in ("transfer", "ring", "smallbank", "tpcc"):
        place = os.path.join(folder, workload)
        for ranks in (2, 4, 1):  # the accounts are those of the first run
            found = bank(ranks, "--workload", workload, "--transactions", "10", "--resume", place)
            check(found, ranks, 10)
            assert found["forces_per_commit"] > 0, found

environment = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHER_VARIABLES)}
for seed in (1, 2):
    simulated = dict(environment, WEFT_SIM=f"ranks=5,seed={seed}")
    execute([PROGRAM, "--accounts", "100", "--clients", "2", "--transactions", "20", "--multi", "50"], env=simulated)

assert "--workload" in execute([PROGRAM, "--help"]).stdout
assert execute([PROGRAM, "--version"]).stdout.startswith("weft-bank ")
assert "weft-bank" in execute([PROGRAM, "--workload", "roulette"], 2).stderr
assert "--resume" in execute([PROGRAM, "--durability", "synced"], 2).stderr
