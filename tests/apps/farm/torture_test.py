# SPDX-License-Identifier: BSL-1.0
# timeout: 180
# processors: 2
"""A batch that is killed with SIGKILL at random times, a rank, all ranks or mpirun, and goes on with another number of
ranks each time: every task is done; one whose record was in the journal at a kill never runs again; the results' file is
whole; no process is left behind.

`--full` is the long form (5000 tasks, 20 kills), `--seed` repeats one.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

import farm

MARK = f"FARM_TORTURE_MARK={os.getpid()}"
FOLDER = "tasks.weft"
MOST_AT_ONCE = 4 * 2  # ranks by slots
# What a kill may repeat for each slot: the task that runs, and what has ended there since the journal was last forced.
REPEATED_PER_SLOT = 12


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--tasks", type=int)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    given = parser.parse_args()
    given.tasks = given.tasks or (5000 if given.full else 1000)
    given.kills = given.kills or (20 if given.full else 6)
    return given


def starts_of(task):
    """How often a task has run, from the file of its own."""
    try:
        lines = farm.read(f"ran/{task}").split()
    except FileNotFoundError:
        return 0
    assert all(line == str(task) for line in lines), (task, lines)
    return len(lines)


class Batch:
    def __init__(self, tasks, seed):
        self.tasks = tasks
        self.random = random.Random(seed)
        self.done = {}  # of tasks that were completed when looked at: how often they had run
        self.ranks = 0
        name, _, value = MARK.partition("=")
        self.env = {**os.environ, name: value, "WEFT_PROGRESS": "none"}

    def start(self):
        self.ranks = self.random.choice([n for n in (1, 2, 3, 4) if n != self.ranks])
        slots = self.random.choice(["1", "2"])
        return subprocess.Popen(farm.command(self.ranks, "run", "tasks", "--slots", slots), env=self.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def kill(self, launcher):
        """On one node mpirun's children are the ranks: no daemon stands between."""
        ranks = farm.children(launcher.pid)
        how = self.random.choice(["rank", "all", "mpirun"])
        victims = {"rank": [self.random.choice(ranks)] if ranks else [], "all": ranks, "mpirun": [launcher.pid]}[how]
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return how if victims else None

    def recorded(self):
        """What the journal holds now that everything has ended, from a copy that is gone on with for no time."""
        shutil.rmtree("copy.weft", ignore_errors=True)
        shutil.copytree(FOLDER, "copy.weft")
        done = farm.run(1, "resume", "copy.weft", "--time-left", "1", env=self.env)
        assert done.returncode in (0, 4), done.stderr
        return farm.results("copy.weft")

    def listed(self):
        """What the results' file holds, while survivors may still be writing it."""
        lines = farm.read(f"{FOLDER}/results.jsonl").split("\n")[:-1]
        return {result["id"]: result for result in map(json.loads, lines)}

    def look(self, is_quiet):
        for task, starts in self.done.items():
            assert starts_of(task) == starts, f"task {task} was completed, and ran again"
        found = self.recorded() if is_quiet else self.listed()
        assert set(self.done) <= set(found), f"results are lost: {sorted(set(self.done) - set(found))}"
        assert all(result["exit"] == 0 for result in found.values()), found
        self.done = {task: starts_of(task) for task in found}
        assert 0 not in self.done.values()

    def live_and_die(self):
        """One run that is killed. What kind of kill it was, or None when the batch was over before."""
        launcher = self.start()
        time.sleep(self.random.uniform(0.2, 1.8))
        is_over = launcher.poll() is not None
        how = None if is_over else self.kill(launcher)
        complaint = launcher.communicate()[1]
        assert not is_over or launcher.returncode == 0, complaint
        assert "journal" not in complaint, complaint  # neither damaged nor cut: only processes died, not the node
        is_quiet = self.random.random() < 0.5  # else the next run meets the survivors of this one
        if is_quiet:
            farm.until(lambda: not farm.processes_with(MARK), f"all has ended after the kill of {how}", 8)
        if os.path.exists(f"{FOLDER}/results.jsonl"):
            self.look(is_quiet and os.path.exists(f"{FOLDER}/tasks.jsonl"))
        return how

    def finish(self):
        done = farm.expect(farm.run(2, "run", "tasks", env=self.env), 0)
        found = farm.results(FOLDER)
        assert sorted(found) == list(range(1, self.tasks + 1)), done.stdout
        self.look(is_quiet=True)
        for task in self.random.sample(sorted(found), 20):
            assert farm.output(FOLDER, task) == f"{task}\n", task
        again = farm.expect(farm.run(3, "run", "tasks", env=self.env), 0)
        assert f"{self.tasks} tasks, 0 failed, all by earlier runs" in again.stdout, again.stdout
        assert farm.results(FOLDER) == found
        self.look(is_quiet=False)
        farm.ask("status", FOLDER)
        farm.until(lambda: not farm.processes_with(MARK), "nothing is left behind")


def torture(tasks, kills, seed):
    print(f"{tasks} tasks, {kills} kills, seed {seed}", flush=True)
    begin = time.monotonic()
    os.mkdir("ran")
    farm.write("tasks", *[f"echo {i} >> ran/{i}; sleep 0.0{i % 4}; echo {i}" for i in range(1, tasks + 1)])
    batch = Batch(tasks, seed)
    counts = {}
    for _ in range(kills):
        how = batch.live_and_die()
        counts[how] = counts.get(how, 0) + 1
    batch.finish()
    repeated = sum(batch.done.values()) - tasks
    assert repeated <= kills * MOST_AT_ONCE * REPEATED_PER_SLOT, f"{repeated} tasks ran twice"
    killed = ", ".join(f"{how} {count}" for how, count in sorted(counts.items(), key=str) if how)
    print(f"killed: {killed}; {repeated} repeated runs; {time.monotonic() - begin:.0f} s")


with tempfile.TemporaryDirectory() as folder:
    given = arguments()
    os.chdir(folder)
    torture(given.tasks, given.kills, given.seed)
