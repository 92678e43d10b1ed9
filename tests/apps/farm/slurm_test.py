# SPDX-License-Identifier: BSL-1.0
# timeout: 240
# processors: 2
"""scripts/slurm/farm.sbatch under a Slurm of our own: a job that is signalled, or has lost a rank, queues itself anew and
goes on to the end, by mpirun and by srun; and one whose time cannot hold its tasks begins none."""
import os
import signal
import sys
import tempfile

import farm
import slurm

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../scripts/slurm/farm.sbatch")
TASKS = 40


def text_of(name):
    return farm.read(name) if os.path.exists(name) else "(no output)"


def submit(cluster, name, *options, launcher="mpirun", restarts="5", job=()):
    return cluster.submit("--ntasks=2", f"--output={name}.out", *job, SCRIPT, name, *options, WEFT_FARM=farm.PROGRAM,
                          WEFT_FARM_LAUNCHER=launcher, WEFT_FARM_RESTARTS=restarts)


def is_over(cluster, job):
    return cluster.fact(job, "JobState") in ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL")


def wait_for(cluster, job, name):
    cluster.until(lambda: is_over(cluster, job), f"the end of {name}: {text_of(name + '.out')}", 90)


def signal_batch_script(cluster, job):
    cluster.ask("scancel", "--batch", "--signal=USR1", job)


def kill_a_rank(_, job):
    """The ranks' supervisors, and the tasks, are not called by the program's name."""
    ranks = [process for process in farm.processes_with(f"SLURM_JOB_ID={job}")
             if farm.read(f"/proc/{process}/cmdline").split("\0")[:2] == [farm.PROGRAM, "run"]]
    os.kill(ranks[-1], signal.SIGKILL)


def interrupted(cluster, cases):
    """All at the same time: a job that is queued anew waits for some seconds."""
    jobs = {}
    for name, (launcher, _) in cases.items():
        farm.write(name, *["sleep 0.3; echo $SLURM_RESTART_COUNT"] * TASKS)
        jobs[name] = submit(cluster, name, launcher=launcher)
    for name, (_, interrupt) in cases.items():
        results = f"{name}.weft/results.jsonl"
        cluster.until(lambda: text_of(results).count("\n") >= 4, f"results: {text_of(name + '.out')}", 60)
        interrupt(cluster, jobs[name])
    for name, (launcher, interrupt) in cases.items():
        wait_for(cluster, jobs[name], name)
        text = text_of(f"{name}.out")
        assert cluster.fact(jobs[name], "JobState") == "COMPLETED" and cluster.fact(jobs[name], "Restarts") == "1", text
        assert "queues itself anew" in text and "by earlier runs" in text, text
        assert interrupt is kill_a_rank or "stopped by signal 10" in text, text
        found = farm.results(f"{name}.weft")
        assert len(found) == TASKS and all(result["exit"] == 0 for result in found.values()), (text, found)
        # What ran when a rank died is begun again; and srun signals tasks too.
        assert sum(result["attempt"] - 1 for result in found.values()) <= 2, found
        lives = {farm.output(f"{name}.weft", task).strip() for task in found}
        assert "1" in lives and len(lives) == 2, lives


def out_of_time(cluster):
    """The job ends in two minutes: the farm reads that from Slurm, and begins nothing that may take longer."""
    farm.write("late", "echo never", "echo never")
    job = submit(cluster, "late", "--time-limit", "30m", restarts="0", job=["--time=2"])
    farm.write("soon", "exit 5", "echo quick")
    other = submit(cluster, "soon", "--time-limit", "5", restarts="0", job=["--time=2"])
    wait_for(cluster, job, "late")
    assert cluster.fact(job, "ExitCode") == "4:0", text_of("late.out")
    assert "time of the allocation ends" in text_of("late.out") and farm.results("late.weft") == {}, text_of("late.out")
    wait_for(cluster, other, "soon")
    assert cluster.fact(other, "ExitCode") == "3:0" and len(farm.results("soon.weft")) == 2, text_of("soon.out")


if slurm.missing():
    print("skipped: not installed here:", *slurm.missing())
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o755)
    os.chdir(folder)
    with slurm.Cluster(os.path.join(folder, "slurm"), processors=8) as cluster:
        interrupted(cluster, {"signal-mpirun": ("mpirun", signal_batch_script), "signal-srun": ("srun", signal_batch_script),
                              "death-mpirun": ("mpirun", kill_a_rank), "death-srun": ("srun", kill_a_rank)})
        out_of_time(cluster)
