# SPDX-License-Identifier: BSL-1.0
# timeout: 90
# processors: 2
"""A batch that is stopped: its tasks are killed, the results so far are in the file, the exit code says so."""
import os
import signal
import subprocess
import tempfile

import farm

QUICK = 20


def process_in(path):
    try:
        return int(farm.read(path))
    except (FileNotFoundError, ValueError):
        return None


def stop(name, number, choose):
    """Starts a batch that would run for minutes, sends the signal to `choose(launcher)` once it is well under way."""
    quick = [f"echo {i}" for i in range(QUICK)]
    slow = [f"echo $$ > {name}.pid{i}; sleep 300 & wait" for i in range(2)]
    farm.write(name, *quick, *slow, *["echo late"] * 5)
    launcher = subprocess.Popen(farm.command(2, "run", name, "--slots", "1"), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    tasks = [f"{name}.pid{i}" for i in range(2)]
    farm.until(lambda: all(process_in(task) for task in tasks), "both ranks run a slow task")
    processes = [process_in(task) for task in tasks]
    os.kill(choose(launcher.pid), number)
    out, err = launcher.communicate(timeout=20)
    farm.until(lambda: not any(farm.is_alive(process) for process in processes), "the slow tasks are gone", 5)
    found = farm.results(f"{name}.weft")
    assert set(range(1, QUICK + 1)) <= set(found), sorted(found)
    assert QUICK + 1 not in found and QUICK + 2 not in found, sorted(found)
    return launcher.returncode, out, err


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    code, out, err = stop("one", signal.SIGTERM, lambda launcher: farm.children(launcher)[1])
    assert code == 4, (code, out, err)
    assert "stopped by signal 15" in out and "have no result" in out, out
    stop("all", signal.SIGTERM, lambda launcher: launcher)
    stop("interrupted", signal.SIGINT, lambda launcher: launcher)
