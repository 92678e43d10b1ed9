# SPDX-License-Identifier: BSL-1.0
# timeout: 180
# processors: 2
"""The benchmarks run, and their JSON has the promised form. (What they measure is no matter for a busy test machine.)"""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile

PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft-bench")
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])


def rows(ranks, *options):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "rows.json")
        launcher = [*LAUNCHER, str(ranks)] if ranks > 0 else []
        command = [*launcher, PROGRAM, *options, "--json", result]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        with open(result) as file:
            return json.load(file)["rows"]


def simulated_rows(*options):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "rows.json")
        subprocess.run([PROGRAM, "sim", *options, "--json", result], check=True, capture_output=True, timeout=120)
        with open(result) as file:
            found = json.load(file)
    assert 0 < found["resident_bytes_per_rank"] < 65536, found
    return found["rows"]


def check(found, names):
    assert [(row["case"], row["peer"]) for row in found] == names, found
    for row in found:
        assert row["ours_ns"] > 0 and row["peer_ns"] > 0 and row["ratio"] > 0, row


# Bound to one processor each, two ranks have a processor of their own: yielding would double what MPI costs.
if len(os.sched_getaffinity(0)) >= 2:
    bound = ["mpirun", "-q", "--bind-to", "core", "-n", "2", PROGRAM, "p2p", "--only", "blocking/8", "--quick"]
    heading = subprocess.run(bound, capture_output=True, text=True, timeout=120).stdout
    assert "yielding off" in heading, heading

check(rows(2, "p2p", "--only", "record", "--quick"), [("record", "boost"), ("record", "handpacked")])
check(rows(2, "p2p", "--only", "blocking/8", "--quick"), [("blocking/8", "raw")])
check(rows(2, "port", "--quick"), [("post/8", "raw"), ("post/8", "coalesced"), ("round_trip/8", "raw")])
check(rows(2, "txn", "--only", "transfer_call/16", "--quick"), [("transfer_call/16", "raw 2pc")])
check(rows(2, "txn", "--only", "transfer_get_put/64", "--quick"), [("transfer_get_put/64", "raw 2pc")])
check(rows(2, "txn", "--only", "ceiling", "--quick"), [("ceiling/1", "round trip"), ("ceiling/16", "ceiling/1")])
check(
    rows(2, "rpc", "--quick"),
    [("call/8", "raw"), ("call/256_in_flight", "alone"), ("call/throws", "alone"), ("cast/8", "post")],
)
found = rows(0, "farm", "--quick")
names = [("farm", "xargs_sh"), ("farm", "xargs")]
check(found, names + [("farm", "parallel")] if shutil.which("parallel") else names)
check(rows(1, "loop", "--only", "timer", "--quick"), [("timer", "multimap")])
check(simulated_rows("--quick"), [("start/1024", "asked"), ("message/1", "asked"), ("message/16", "asked")])


def patterns(*command, **environment):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "patterns.json")
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_COMM", "PMIX_"))}
        done = subprocess.run([*command, "--json", result], env=dict(outside, **environment), capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        with open(result) as file:
            return json.load(file)


def value(settings, key):
    return int(re.search(rf"\b{key}=(\d+)", settings).group(1))


# What is fitted to a simulated network is that network. (The gap shows only where it is more than the overhead.)
NETWORK = {"latency": 900, "overhead": 120, "gap": 250, "ps_per_byte": 150, "copy_ps_per_byte": 60, "handshake": 700}
KNOWN = ",".join(f"{key}={value}{'' if 'byte' in key else 'ns'}" for key, value in NETWORK.items())
fitted = patterns(PROGRAM, "loggp", "--quick", WEFT_SIM=f"ranks=2,ranks_per_node=1,jitter=0,{KNOWN}")
for key, known in NETWORK.items():
    assert abs(value(fitted["settings"], key) - known) <= 0.05 * known + 2, (key, fitted["settings"])

# What is fitted to this machine is what WEFT_SIM takes, and gives the measured ping-pong.
fitted = patterns(*LAUNCHER, "2", PROGRAM, "loggp", "--quick")
simulated = patterns(PROGRAM, "patterns", "--quick", WEFT_SIM=f"ranks=2,{fitted['settings']}")
assert simulated["ping_pong_ns"]["8"] == fitted["fitted"]["ping_pong_ns"]["8"], (fitted, simulated)
