# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 1
"""Without mpirun, by WEFT_SIM: the counts are those of real ranks, and a seed gives the same hash in every process."""
import os
import re
import subprocess

PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft-uts")
SMALL = ["-t", "0", "-b", "20", "-q", "0.124875", "-m", "8", "-r", "42"]  # 6213 nodes


def simulate(request, more=None):
    launcher = ("OMPI_", "PMIX_", "PMI_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(launcher)}
    environment.update(more or {}, WEFT_SIM=request)
    done = subprocess.run([PROGRAM, *SMALL], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, f"{request}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout, re.search(r"hash ([0-9a-f]{16})", done.stderr).group(1)


hashes = set()
for ranks in (1, 4, 16, 64):
    shown, first = simulate(f"ranks={ranks},seed=7,summary=1")
    assert re.search(r"\b6,?213\b", shown), shown
    again = simulate(f"ranks={ranks},seed=7,summary=1", {"MALLOC_PERTURB_": "170", "PADDING": "x" * 5000})[1]
    assert first == again, f"{ranks} ranks: {first} and {again}"
    hashes.add(first)
    if ranks > 1:  # a rank alone meets no chance
        hashes.add(simulate(f"ranks={ranks},seed=8,summary=1")[1])
assert len(hashes) == 7, hashes
