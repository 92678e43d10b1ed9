# SPDX-License-Identifier: BSL-1.0
# timeout: 180
# processors: 2
"""One program, two worlds: over MPI and the file system at 1 to 8 ranks, and simulated, with several seeds, the ranks
see the same."""
import os
import shlex
import subprocess
import tempfile

PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft_conformance")
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])
SEEDS = (1, 2, 3)


def run(command, **more):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, **more)
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90)
    what = " ".join([f"{key}={value}" for key, value in more.items()] + command)
    assert done.returncode == 0, f"{what} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    assert "order 0" in done.stdout or "sizes 0" in done.stdout, f"{what} saw nothing\n{done.stdout}{done.stderr}"
    return what, done.stdout.splitlines()


for ranks in (1, 2, 3, 4, 5, 8):
    real, expected = run([*LAUNCHER, str(ranks), PROGRAM])
    for seed in SEEDS:
        simulated, found = run([PROGRAM], WEFT_SIM=f"ranks={ranks},seed={seed}")
        for one, other in zip(expected, found):
            assert one == other, f"the worlds differ:\n{real}\n  {one}\n{simulated}\n  {other}"
        assert len(expected) == len(found), f"{real}: {len(expected)} lines; {simulated}: {len(found)}"
    print(f"{ranks} ranks: {len(expected)} lines alike over MPI and {len(SEEDS)} seeds")
