# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 2
"""A bank of transactions whose job is killed with SIGKILL, again and again, and goes on with another number of ranks:
every acknowledged commit is there, no transfer in part, the sum is exact.

A round runs one life and ends it: a rank, all ranks or mpirun are killed at a random time; or a process dies at a named
crash point (the program is linked with the library that has planted faults for that: no other binary has these points);
or the disk, a small tmpfs, is full. After some rounds the files are damaged: what lies behind the position up to which
`fdatasync` had returned, as the program itself noted, is overwritten with zeros or has a bit flipped, and is cut by the
next start; a bit flipped, or a file cut, before what had been acknowledged is refused, with the file and the offset.

In the environment WEFT_TEST_FULL=1 is the long form (200 rounds, every crash point), WEFT_TEST_SEED repeats one.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apps", "farm"))
import farm
import journal_files

BIN = os.environ["TEST_BIN_DIR"]
PROGRAM = os.path.join(BIN, "weft_torture_store")
WITH_CRASH_POINTS = os.path.join(BIN, "weft_torture_store_planted")
IS_FULL = "WEFT_TEST_FULL" in os.environ
MARK = f"STORE_TORTURE_MARK={os.getpid()}"
ROUNDS_OF_A_BANK = 25  # its tickets stay
AREAS = ("txn.", "journal.", "epochs.")


def crash_points():
    """Of the rooms that a durable store consists of."""
    done = subprocess.run([WITH_CRASH_POINTS, "--places"], capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split() if name.startswith(AREAS)]


class Bank:
    """A directory, what its clients were told, and the lives that it has had."""

    def __init__(self, folder, chance):
        self.random = chance
        self.directory = os.path.join(folder, "bank")
        self.notes = os.path.join(folder, "notes")
        self.forced_notes = os.path.join(folder, "forced")
        os.makedirs(self.notes)
        os.makedirs(self.forced_notes)
        name, _, value = MARK.partition("=")
        self.environment = {**os.environ, name: value, "WEFT_TORTURE_FORCED": self.forced_notes}
        self.life = 0
        self.ranks = 0

    def start(self, program=PROGRAM, seconds=5.0, directory=None, **environment):
        self.life += 1
        self.ranks = self.random.choice([n for n in (1, 2, 3, 4) if n != self.ranks])
        rule = self.random.choice(["implicit", "explicit"])
        policy = self.random.choice(["wait_die", "no_wait", "wound_wait", "timeout"])
        command = [*farm.LAUNCHER, str(self.ranks), program, directory or self.directory, self.notes, str(self.life),
                   str(seconds), rule, policy]
        return subprocess.Popen(command, env={**self.environment, **environment}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def is_opened(self):
        return os.path.exists(os.path.join(self.notes, f"opened.{self.life}"))

    def opened(self):
        """Transfers there at the start of this life, those found in doubt and committed, and in doubt and aborted."""
        return [int(word) for word in farm.read(os.path.join(self.notes, f"opened.{self.life}")).split()]

    def acknowledged(self):
        count = 0
        for name in os.listdir(self.notes):
            if name.startswith("acks."):
                count += farm.read(os.path.join(self.notes, name)).count("\n")
        return count

    def forced(self):
        """By file: how far it had been forced for certain."""
        ends = {}
        for name in os.listdir(self.forced_notes):
            for line in farm.read(os.path.join(self.forced_notes, name)).split("\n")[:-1]:
                file, end = line.split()
                ends[file] = max(ends.get(file, 0), int(end))
        return ends


def require_right(complaint):
    """A life may say that it was ended, never that something is wrong."""
    assert "torture:" not in complaint and "damaged" not in complaint, complaint


def wait_until_gone():
    farm.until(lambda: not farm.processes_with(MARK), "all processes have ended", 15)


# --- how lives end ---------------------------------------------------------------------------------------------------

def kill_at_random(bank):
    launcher = bank.start()
    time.sleep(bank.random.uniform(0.15, 1.2))
    ranks = farm.children(launcher.pid)  # on one node mpirun's children are the ranks
    how = bank.random.choice(["rank", "all", "mpirun"])
    victims = {"rank": [bank.random.choice(ranks)] if ranks else [launcher.pid], "all": ranks, "mpirun": [launcher.pid]}
    for victim in victims[how]:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass
    require_right(launcher.communicate()[1])
    return how


def kill_at(bank, point):
    """At the first, or a later, time that a process comes there. Points that no life comes to by itself end in time."""
    times = 1 if bank.random.random() < 0.5 else bank.random.randrange(1, 40)
    launcher = bank.start(WITH_CRASH_POINTS, 0.6, WEFT_CRASH_AT=f"{point}:{times}")
    complaint = launcher.communicate()[1]
    require_right(complaint)
    if launcher.returncode == 0:
        return "point not reached"
    assert launcher.returncode == 137 or "signal 9" in complaint, complaint
    return "crash point"


def fill_disk(bank):
    """The life goes on in a copy on a tmpfs that has room for little more, which takes the directory's place after it."""
    wait_until_gone()
    disk = bank.directory + ".disk"
    os.makedirs(disk)
    there = sum(os.path.getsize(os.path.join(bank.directory, n)) for n in os.listdir(bank.directory))
    # A start needs a second copy of everything, and two segments for each rank.
    room = there + bank.random.randrange(300_000, 1_500_000)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", disk], capture_output=True, text=True)
    if mount.returncode != 0:
        os.rmdir(disk)
        return None
    try:
        shutil.copytree(bank.directory, os.path.join(disk, "bank"))
        launcher = bank.start(seconds=3.0, directory=os.path.join(disk, "bank"))
        complaint = launcher.communicate()[1]
        require_right(complaint)
        assert launcher.returncode == 0 or "No space left" in complaint, complaint
        wait_until_gone()
        shutil.rmtree(bank.directory)
        shutil.copytree(os.path.join(disk, "bank"), bank.directory)
    finally:
        subprocess.run(["umount", disk], check=True)
        os.rmdir(disk)
    return "full disk" if launcher.returncode != 0 else "disk not full"


# --- damage ----------------------------------------------------------------------------------------------------------

def overwrite(path, offset, content):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(content)


def flip(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def damage_tail(bank):
    """Behind what was forced: some of it is lost, or not what it was."""
    forced = bank.forced()
    tails = []
    for segments in journal_files.live_journals(bank.directory):
        last = segments[-1]
        begin = max(forced.get(last.name, 0), journal_files.FIRST_PAGE)
        if begin < last.end and begin - journal_files.FIRST_PAGE + last.first >= journal_files.acknowledged(segments):
            tails.append((last, begin))
    if not tails:
        return None
    segment, begin = bank.random.choice(tails)
    at = bank.random.randrange(begin, segment.end)
    if bank.random.random() < 0.5:
        flip(segment.path, at, bank.random.randrange(8))
        return "flipped tail"
    overwrite(segment.path, at, bytes(segment.end - at))
    return "lost tail"


def acknowledged_records(segments):
    """Records that the next start reads, and that something says were acknowledged."""
    whole = [i for i, segment in enumerate(segments) if segment.has_whole_snapshot()]
    if not whole:
        return []
    limit = journal_files.acknowledged(segments)
    return [(segment, record) for segment in segments[whole[-1]:] for record in segment.records
            if record.position + record.size <= limit]


def damage_acknowledged(bank):
    """The start must refuse it and say where; then it is mended."""
    journals = [found for found in map(acknowledged_records, journal_files.live_journals(bank.directory)) if found]
    if not journals:
        return None
    segment, record = bank.random.choice(bank.random.choice(journals))
    what = "flipped record"
    if bank.random.random() < 0.3:
        what = "cut file"
        os.truncate(segment.path, record.offset + bank.random.randrange(record.size))
    else:
        used = journal_files.RECORD.size + record.length
        flip(segment.path, record.offset + bank.random.randrange(used), bank.random.randrange(8))
    launcher = bank.start()
    complaint = launcher.communicate()[1]
    assert launcher.returncode != 0, f"{what} in {segment.name} at {record.offset} was not noticed"
    assert f"{segment.name} is damaged at byte {record.offset}" in complaint, (segment.name, record.offset, complaint)
    wait_until_gone()
    with open(segment.path, "wb") as file:
        file.write(segment.content)
    return what


# --- rounds ----------------------------------------------------------------------------------------------------------

class Torture:
    def __init__(self, folder, rounds, seed):
        self.random = random.Random(seed)
        self.folder = folder
        self.rounds = rounds
        self.points = crash_points()
        self.due_points = []
        self.counts = {}
        self.in_doubt = [0, 0]
        self.commits = 0
        self.bank = None

    def count(self, what):
        if what is not None:
            self.counts[what] = self.counts.get(what, 0) + 1

    def next_point(self):
        if not self.due_points:
            self.due_points = self.random.sample(self.points, len(self.points))
        return self.due_points.pop()

    def end_a_life(self, number):
        kind = number % 10
        if kind == 9 and os.path.exists(self.bank.directory):
            filled = fill_disk(self.bank)
            if filled is not None:
                return filled
        if kind % 2 == 1:
            return kill_at(self.bank, self.next_point())
        return kill_at_random(self.bank)

    def note_start(self):
        if self.bank.is_opened():
            _, committed, aborted = self.bank.opened()
            self.in_doubt[0] += committed
            self.in_doubt[1] += aborted

    def round(self, number):
        if self.bank is None:
            self.bank = Bank(tempfile.mkdtemp(dir=self.folder), self.random)
        self.count(self.end_a_life(number))
        self.note_start()
        if self.random.random() < 0.3:
            return  # the next life meets the survivors of this one
        wait_until_gone()
        if self.random.random() < 0.35:
            self.count(damage_acknowledged(self.bank))
        if self.random.random() < 0.5:
            self.count(damage_tail(self.bank))

    def close_bank(self):
        """A last life, which nobody disturbs."""
        wait_until_gone()
        launcher = self.bank.start(seconds=0.1)
        complaint = launcher.communicate()[1]
        assert launcher.returncode == 0 and self.bank.is_opened(), complaint
        self.note_start()
        transfers = self.bank.opened()[0]
        acknowledged = self.bank.acknowledged()
        self.commits += acknowledged
        self.bank = None
        print(f"  a bank with {transfers} transfers", flush=True)

    def run(self):
        for number in range(self.rounds):
            self.round(number)
            if number % ROUNDS_OF_A_BANK == ROUNDS_OF_A_BANK - 1:
                self.close_bank()
        if self.bank is not None:
            self.close_bank()
        assert self.commits > 0


def main():
    rounds = int(os.environ.get("WEFT_TEST_ROUNDS", 200 if IS_FULL else 20))
    seed = int(os.environ.get("WEFT_TEST_SEED", random.randrange(1 << 30)))
    print(f"{rounds} rounds, WEFT_TEST_SEED={seed}", flush=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        torture = Torture(folder, rounds, seed)
        torture.run()
    counts = ", ".join(f"{what} {count}" for what, count in sorted(torture.counts.items()))
    print(f"{counts}\n{torture.commits} acknowledged commits, all there; in doubt at starts: {torture.in_doubt[0]} committed, "
          f"{torture.in_doubt[1]} aborted; {len(torture.points)} crash points; {time.monotonic() - begin:.0f} s")


main()
