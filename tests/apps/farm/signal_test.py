# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 2
"""The walltime signal: exit 4 within the grace time, nothing counts as failed, the same command goes on to the end. And
allocations that end."""
import json
import os
import signal
import subprocess
import tempfile
import time

import farm


def signalled(name, ranks, *options):
    """Sends SIGUSR1 to mpirun, which passes it on to all ranks, once the first tasks are done."""
    launcher = subprocess.Popen(farm.command(ranks, "run", name, *options), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    results = f"{name}.weft/results.jsonl"
    farm.until(lambda: os.path.exists(results) and farm.read(results).count("\n") >= 2, "two results")
    begin = time.monotonic()
    launcher.send_signal(signal.SIGUSR1)
    out, err = launcher.communicate(timeout=30)
    return launcher.returncode, out, err, time.monotonic() - begin


def what_runs_may_end():
    farm.write("short", *["sleep 0.3"] * 20)
    code, out, err, took = signalled("short", 2)
    assert code == 4, (code, out, err)
    assert "stopped by signal 10" in out and "weft-farm resume short.weft" in out, out
    assert took < 3, took
    so_far = farm.results("short.weft")
    assert 2 <= len(so_far) < 20 and all(result["exit"] == 0 for result in so_far.values())
    assert "not running" in farm.ask("status", "short.weft", code=4)
    done = farm.expect(farm.run(3, "run", "short"), 0)
    assert f"{len(so_far)} by earlier runs" in done.stdout, done.stdout
    found = farm.results("short.weft")
    assert len(found) == 20 and all(result["attempt"] == 1 for result in found.values()), found


def what_does_not_end_is_returned():
    farm.write("long", "true", "true", *["sleep 300"] * 4)
    code, out, err, took = signalled("long", 2, "--grace", "1")
    assert code == 4 and 0.8 < took < 5, (code, took, out, err)
    assert sorted(farm.results("long.weft")) == [1, 2]
    status = farm.ask("status", "long.weft", "--json", "status", code=4)
    counts = json.loads(farm.read("status"))
    assert (counts["done"], counts["failed"], counts["waiting"]) == (2, 0, 4), status
    assert "counts for nothing" in farm.ask("explain", 3, "long.weft")


def signalled_tasks_are_not_to_blame():
    """As srun does it: tasks get the signal too, and before their rank."""
    farm.write("both", "true", "true", "echo $$ > pid; exec sleep 300", "exec sleep 300")
    launcher = subprocess.Popen(farm.command(2, "run", "both"), stdout=subprocess.PIPE, text=True)
    farm.until(lambda: os.path.exists("pid") and farm.read("pid").strip(), "a task that sleeps")
    time.sleep(0.2)
    os.kill(int(farm.read("pid")), signal.SIGUSR1)
    time.sleep(0.1)
    os.kill(farm.children(launcher.pid)[1], signal.SIGTERM)
    out, _ = launcher.communicate(timeout=20)
    assert launcher.returncode == 4, (launcher.returncode, out)
    assert 3 not in farm.results("both.weft")


def time_that_ends():
    """Nothing is begun that cannot end in time."""
    farm.write("walltime", *["sleep 0.5"] * 20)
    begin = time.monotonic()
    done = farm.expect(farm.run(2, "run", "walltime", "--time-left", "7"), 4)
    assert time.monotonic() - begin < 7
    assert "time of the allocation ends" in done.stdout, done.stdout
    some = farm.results("walltime.weft")
    assert 2 <= len(some) < 12, len(some)
    farm.write("hour", "echo never")
    env = {**os.environ, "SLURM_JOB_END_TIME": str(int(time.time()) + 600)}
    farm.expect(farm.run(1, "run", "hour", "--time-limit", "1h", env=env), 4)
    assert farm.results("hour.weft") == {}
    farm.expect(farm.run(1, "run", "hour", "--time-limit", "5m", env=env), 0)
    farm.expect(farm.run(4, "resume", "walltime.weft"), 0)
    assert len(farm.results("walltime.weft")) == 20


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    what_runs_may_end()
    what_does_not_end_is_returned()
    signalled_tasks_are_not_to_blame()
    time_that_ends()
