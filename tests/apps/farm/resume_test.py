# SPDX-License-Identifier: BSL-1.0
# timeout: 240
# processors: 2
"""A batch that is killed at random times, whole or in part, and resumed with another number of ranks each time: every
task is done, one that is completed never runs again, nothing of it is left behind. And what resuming refuses.

FARM_TORTURE_TASKS and FARM_TORTURE_KILLS make it longer (5000 and 20 in the full form), FARM_TORTURE_SEED repeats one.
"""
import json
import os
import random
import signal
import subprocess
import tempfile
import time

import farm

TASKS = int(os.environ.get("FARM_TORTURE_TASKS", "300"))
KILLS = int(os.environ.get("FARM_TORTURE_KILLS", "6"))
SEED = int(os.environ.get("FARM_TORTURE_SEED", random.randrange(1 << 30)))
MARK = f"FARM_TORTURE_MARK={os.getpid()}"


def ranks_of(launcher):
    """Direct children of mpirun that are ranks: on one node there is no daemon between."""
    return farm.children(launcher)


def starts_of(task):
    path = f"ran/{task}"
    return len(farm.read(path).splitlines()) if os.path.exists(path) else 0


def kill_something(launcher, how):
    ranks = ranks_of(launcher.pid)
    if how == "rank" and ranks:
        victims = [random.choice(ranks)]
    elif how == "all":
        victims = [*ranks, launcher.pid]
    else:
        victims = [launcher.pid]
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass




def torture():
    random.seed(SEED)
    print("seed", SEED)
    os.mkdir("ran")
    farm.write("tasks", *[f"echo x >> ran/{i}; sleep 0.0{i % 4}; echo {i}" for i in range(1, TASKS + 1)])
    env = {**os.environ, MARK.split("=")[0]: MARK.split("=")[1], "WEFT_PROGRESS": "none"}
    total_lost = 0
    done_before = {}
    for kill in range(KILLS):
        ranks = random.choice([1, 2, 3, 4])
        launcher = subprocess.Popen(farm.command(ranks, "run", "tasks", "--slots", str(random.choice([1, 2]))), env=env,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.4, 1.0 + TASKS / 300 / KILLS * 3))
        kill_something(launcher, random.choice(["rank", "all", "mpirun"]))
        launcher.wait()
        farm.until(lambda: not farm.processes_with(MARK), f"everything of run {kill} has ended", 8)
        if not os.path.exists("tasks.weft/tasks.jsonl"):
            continue
        # What results.jsonl holds is completed: a line is written only once its record is on the disk.
        seen = {}
        for line in farm.read("tasks.weft/results.jsonl").split("\n")[:-1]:
            result = json.loads(line)
            seen[result["id"]] = starts_of(result["id"])
        for task, starts in done_before.items():
            assert starts_of(task) == starts, f"task {task} was completed, and ran again"
        assert set(done_before) <= set(seen), sorted(set(done_before) - set(seen))
        done_before = seen
    done = farm.expect(farm.run(2, "run", "tasks", env=env), 0)
    found = farm.results("tasks.weft")
    assert sorted(found) == list(range(1, TASKS + 1)), done.stdout
    for task, result in found.items():
        assert result["exit"] == 0 and list(result)[:2] == ["id", "command"], result
        total_lost += starts_of(task) - 1
        assert farm_output_is_right(task) if task % 50 == 1 else True, task
    for task, starts in done_before.items():
        assert starts_of(task) == starts, f"task {task} was completed, and ran again"
    assert total_lost <= KILLS * 8 * 2, f"{total_lost} attempts were repeated; at most those that ran at a kill may be"
    again = farm.expect(farm.run(3, "run", "tasks", env=env), 0)
    assert f"{TASKS} tasks, 0 failed, all by earlier runs" in again.stdout, again.stdout
    assert farm.results("tasks.weft") == found
    farm.ask("status", "tasks.weft")


def farm_output_is_right(task):
    return farm.output("tasks.weft", task) == f"{task}\n"


def lists_that_change():
    farm.write("grows", "echo 1", "exit 3")
    farm.expect(farm.run(2, "run", "grows"), 3)
    first = farm.results("grows.weft")
    farm.write("grows", "echo 1", "exit 3", "# note", "echo 4")
    farm.expect(farm.run(1, "run", "grows"), 3)
    found = farm.results("grows.weft")
    assert sorted(found) == [1, 2, 4] and {k: found[k] for k in first} == first
    farm.write("grows", "echo 1", "exit 3")
    refused = farm.expect(farm.run(2, "run", "grows"), 2)
    assert "line 4" in refused.stderr and "removed" in refused.stderr, refused.stderr
    assert len(farm.results("grows.weft")) == 3
    farm.ask("status", "grows", code=3)


def retrying():
    farm.write("flaky", "[ -e cured ]", "true", "[ -e cured ] && echo $WEFT_TASK_ATTEMPT")
    farm.expect(farm.run(2, "run", "flaky"), 3)
    farm.expect(farm.run(2, "run", "flaky"), 3)  # finished: nothing runs again
    assert farm.results("flaky.weft")[1]["attempt"] == 1
    farm.write("cured")
    farm.expect(farm.run(2, "retry", "flaky.weft", "--tasks", "3"), 3)
    assert farm.results("flaky.weft")[3]["exit"] == 0 and farm.results("flaky.weft")[1]["exit"] == 1
    farm.expect(farm.run(2, "retry", "flaky"), 0)
    found = farm.results("flaky.weft")
    assert {task: result["attempt"] for task, result in found.items()} == {1: 2, 2: 1, 3: 2}
    assert farm.output("flaky.weft", 3) == "2\n"
    told = farm.ask("explain", 1, "flaky.weft")
    assert "attempt 1" in told and "attempt 2" in told and "exit 1" in told and "exit 0" in told, told


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    torture()
    lists_that_change()
    retrying()
