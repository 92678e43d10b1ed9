# SPDX-License-Identifier: BSL-1.0
# timeout: 180
# processors: 2
"""Jobs on a durable queue that are killed with SIGKILL at random times, whole or in part, and followed by others with
another number of ranks: nothing acknowledged is lost, and nothing whose acknowledgement was durable comes again.

DURABLE_KILLS makes it longer (default 4 for each durability), DURABLE_SEED repeats a run.
"""
import glob
import os
import random
import shlex
import signal
import subprocess
import tempfile
import time

PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft_program_queue_durable")
LAUNCHER = shlex.split(os.environ["TEST_MPIEXEC"])
KILLS = int(os.environ.get("DURABLE_KILLS", "4"))
SEED = int(os.environ.get("DURABLE_SEED", random.randrange(1 << 30)))


def children(process):
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def kill(launcher):
    ranks = children(launcher.pid)
    how = random.choice(["rank", "all", "launcher"])
    victims = [random.choice(ranks)] if how == "rank" and ranks else [launcher.pid]
    if how == "all":
        victims = [*ranks, launcher.pid]
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Book:
    """What the jobs have said so far."""

    def __init__(self):
        self.put = set()
        self.ended = set()
        self.done = {}
        self.attempts = {}

    def read(self, job):
        """The logs of one job. A line without its end was not said."""
        taken = {}
        for path in glob.glob(f"log{job}.*"):
            with open(path) as file:
                lines = file.read().split("\n")[:-1]
            for line in lines:
                kind, name, *rest = line.split()
                if kind == "P":
                    self.put.add(name)
                elif kind == "E":
                    self.ended.add(name)
                elif kind == "T":
                    taken.setdefault(name, []).append(int(rest[0]))
                else:
                    assert name not in self.done, f"{name} was acknowledged by jobs {self.done[name]} and {job}"
                    self.done[name] = job
        for name, attempts in taken.items():
            assert self.done.get(name, job) == job, f"{name}, acknowledged in job {self.done[name]}, came again in {job}"
            assert len(attempts) == 1, f"{name} was handed out twice in job {job}"
            assert attempts[0] > self.attempts.get(name, 0), f"{name}: attempt {attempts[0]} after {self.attempts[name]}"
            self.attempts[name] = attempts[0]


def torture(kept):
    book = Book()
    killed = 0
    for job in range(KILLS):
        ranks = random.choice([1, 2, 3, 4])
        launcher = subprocess.Popen([*LAUNCHER, str(ranks), PROGRAM, f"queue-{kept}", f"log{job}", "2000", kept],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.5, 2.5))
        killed += launcher.poll() is None
        kill(launcher)
        launcher.wait()
        time.sleep(random.choice([0, 2.2]))  # the next job may meet ranks that live on
    assert killed >= KILLS / 2, "the jobs ended before they were killed"
    last = subprocess.run([*LAUNCHER, "3", PROGRAM, f"queue-{kept}", f"log{KILLS}", "0", kept], capture_output=True,
                          text=True, timeout=120)
    assert last.returncode == 0, last.stdout + last.stderr
    for job in range(KILLS + 1):  # only now: ranks that live on write a while longer
        book.read(job)
    lost = book.put - book.ended
    assert not lost, f"lost: {sorted(lost)[:10]}"
    assert len(book.put) > 20 * KILLS, len(book.put)
    again = sum(1 for attempt in book.attempts.values() if attempt > 1)
    print(f"{kept}: {killed} jobs killed, {len(book.put)} items, {again} counted as tried by several jobs")


if __name__ == "__main__":
    random.seed(SEED)
    print("seed", SEED, flush=True)
    for durability in ("synced", "written"):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            torture(durability)
            os.chdir("/")
