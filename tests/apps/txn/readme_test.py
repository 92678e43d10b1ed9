# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 2
"""The README's program of transactions is the one that runs here: over MPI, and in the simulator."""
import os
import shlex
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft_program_txn_readme")
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])

with open(os.path.join(HERE, "readme_program.cpp"), encoding="utf-8") as file:
    text = "".join(file.readlines()[2:])
with open(os.path.join(HERE, "..", "..", "..", "README.md"), encoding="utf-8") as file:
    assert "```cpp\n" + text + "```\n" in file.read(), "the README shows another program"


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **more)
    assert (done.returncode, done.stdout) == (0, "100000\n"), f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"


for ranks in (1, 2, 4):
    run([*LAUNCHER, str(ranks), PROGRAM])
launcher = ("OMPI_", "PMIX_", "PMI_")
environment = {name: value for name, value in os.environ.items() if not name.startswith(launcher)}
for ranks in (1, 3, 64):
    for seed in (1, 2, 3):
        run([PROGRAM], env=dict(environment, WEFT_SIM=f"ranks={ranks},seed={seed}"))
