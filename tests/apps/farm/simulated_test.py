# SPDX-License-Identifier: BSL-1.0
# timeout: 60
# processors: 1
"""The farm in the simulator, from the shell: a template's tasks on ranks and supervisors that die, and the same again."""
import os
import subprocess
import tempfile

import farm

VALUES = ",".join(str(n) for n in range(100))


def simulate(asked):
    command = [farm.PROGRAM, "run", "--each", "n=" + VALUES, "--each", "m=1,2", "work {n} {m}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "WEFT_SIM": asked})


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    done = farm.expect(simulate("ranks=16,seed=1"), 0)
    assert "200 tasks, 0 failed" in done.stdout, done.stdout
    assert os.listdir() == [], os.listdir()  # all of it is simulated

    lives = "ranks=8,seed=6,kills=700,within=60ms,restart=40,zombies=100ms,child_deaths=5,summary=1"
    done = simulate(lives)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "started again" in done.stderr, done.stderr
    assert "200 tasks" in done.stdout and "by earlier runs" in done.stdout, done.stdout
    again = simulate(lives)
    assert (again.stdout, again.stderr) == (done.stdout, done.stderr)
