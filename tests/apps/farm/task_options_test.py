# SPDX-License-Identifier: BSL-1.0
# timeout: 180
# processors: 2
"""What can be said of a task: directory, environment, priority, time limit, retries, cores, dependencies; templates; limits
of a batch; what is left of a task's processes."""
import json
import os
import subprocess
import tempfile
import time

import farm


def objects(path, *tasks):
    farm.write(path, *[json.dumps(task) for task in tasks])


def each_key():
    os.mkdir("inner")
    objects("keys.jsonl",
            {"command": "pwd; echo $A-$B", "cwd": "inner", "env": {"A": "1", "B": "x y"}},
            {"command": "sleep 60", "time_limit": 0.3, "name": "late"},
            {"command": "echo $WEFT_TASK_ATTEMPT; [ $WEFT_TASK_ATTEMPT = 3 ]", "retries": 2},
            {"command": "pwd", "cwd": "nowhere"})
    done = farm.expect(farm.run(2, "run", "keys.jsonl"), 3)
    found = farm.results("keys.jsonl.weft")
    where, values = farm.output("keys.jsonl.weft", 1).splitlines()
    assert os.path.realpath(where) == os.path.realpath("inner") and values == "1-x y"
    late = found[2]
    assert late["signal"] == 15 and late["timed_out"] and late["name"] == "late" and late["seconds"] < 3, late
    assert "killed at its time limit" in done.stdout, done.stdout
    assert found[3]["exit"] == 0 and found[3]["attempt"] == 3
    assert farm.output("keys.jsonl.weft", 3) == "3\n", "the newest attempt's output"
    assert found[4]["exit"] == 126 and "nowhere" in farm.output("keys.jsonl.weft", 4, "err")
    assert farm.output("keys.jsonl.weft", "late") == ""


def retries_go_elsewhere():
    farm.write("elsewhere", *["echo $WEFT_TASK_RANK >> ranks.$WEFT_TASK_ID; [ $WEFT_TASK_ATTEMPT = 2 ]"] * 10)
    farm.expect(farm.run(3, "run", "elsewhere", "--retries", "1"), 0)
    for task in range(1, 11):
        first, second = farm.read(f"ranks.{task}").split()
        assert first != second, f"task {task} failed on rank {first} and was tried again there"


def sick_ranks():
    """A rank on which everything fails at once is set apart, and its tasks succeed elsewhere; one whose tasks fail
    everywhere is not."""
    farm.write("sick", *["[ $WEFT_TASK_RANK = 1 ] && exit 7; sleep 0.02"] * 40)
    done = farm.expect(farm.run(3, "run", "sick", "--json", "report"), 0)
    report = json.loads(farm.read("report"))
    assert report["set_apart"] == [1] and "rank 1" in done.stdout, (report, done.stdout)
    found = farm.results("sick.weft")
    assert len(found) == 40 and all(result["rank"] != 1 for result in found.values()), found
    assert "counts for nothing" in farm.ask("explain", max(found, key=lambda id: found[id]["attempt"]), "sick.weft")
    farm.write("bad", *["sleep 0.02; false"] * 20)
    farm.expect(farm.run(3, "run", "bad", "--json", "report"), 3)
    report = json.loads(farm.read("report"))
    assert report["set_apart"] == [] and report["failed"] == 20, report


def urgent_ones_first():
    objects("order.jsonl", *[{"command": f"echo {i} >> order", "priority": i % 3} for i in range(9)])
    farm.expect(farm.run(1, "run", "order.jsonl"), 0)
    assert farm.read("order").split() == list("258147036")


def cores():
    """A task of three cores never runs beside more than one of one core; all four slots are used."""
    command = "echo +$n >> cores.log; sleep 0.1; echo -$n >> cores.log"
    objects("cores.jsonl", *[{"command": command.replace("$n", str(1 + 2 * (i % 4 == 3))), "cores": 1 + 2 * (i % 4 == 3)}
                             for i in range(20)])
    farm.expect(farm.run(1, "run", "cores.jsonl", "--slots", "4"), 0)
    used = most = 0
    for step in farm.read("cores.log").split():
        used += int(step)
        most = max(most, used)
    assert most == 4, most


def dependencies():
    objects("after.jsonl",
            {"command": "echo c >> steps", "name": "c", "after": ["a", "b"]},
            {"command": "sleep 0.2; echo a >> steps", "name": "a"},
            {"command": "echo b >> steps", "name": "b", "after": "a"},
            {"command": "false", "name": "bad"},
            {"command": "echo never >> steps", "after": "bad"},
            {"command": "echo never >> steps", "after": 5})
    done = farm.expect(farm.run(2, "run", "after.jsonl", "--json", "report"), 3)
    assert farm.read("steps").split() == ["a", "b", "c"]
    report = json.loads(farm.read("report"))
    assert (report["skipped"], report["failed"], report["not_run"]) == (2, 1, 0), report
    assert "2 skipped" in done.stdout, done.stdout
    assert "comes after a task that has failed: 5 (skipped)" in farm.ask("explain", 6, "after.jsonl.weft")
    farm.expect(farm.run(2, "run", "after.jsonl", "--run-dependents"), 3)
    assert farm.read("steps").split() == ["a", "b", "c", "never", "never"]


def templates():
    farm.write("values", "one", "two words")
    farm.expect(farm.run(2, "run", "--each", "x=1,2", "--each", "y=@values", "echo {x}:{y}", "--results", "t"), 0)
    assert [farm.output("t", i).strip() for i in (1, 2, 3, 4)] == ["1:one", "1:two words", "2:one", "2:two words"]
    shown = farm.ask("run", "--each", "x=1,2", "echo {x}", "--dry-run")
    assert "echo 1" in shown and "2 tasks" in shown and not os.path.exists("template.weft")


def too_many_failures():
    farm.write("failing", *["sleep 0.05; false"] * 50)
    done = farm.expect(farm.run(1, "run", "failing", "--max-fails", "3"), 3)
    assert "--max-fails" in done.stdout and len(farm.results("failing.weft")) == 3, done.stdout


def output_limit():
    farm.write("chatty", "head -c 5000000 /dev/zero | tr '\\0' x; echo error >&2", "echo short")
    farm.expect(farm.run(1, "run", "chatty", "--output-limit", "1M"), 0)
    assert len(farm.output("chatty.weft", 1)) == 1 << 20
    assert farm.output("chatty.weft", 2) == "short\n"
    assert "were cut off" in farm.ask("explain", 1, "chatty.weft")


def output_of_what_runs():
    farm.write("slow", "echo early; while ! [ -e go ]; do sleep 0.05; done; echo late")
    launcher = subprocess.Popen(farm.command(2, "run", "slow"), stdout=subprocess.DEVNULL)
    farm.until(lambda: os.path.exists("slow.weft/tasks.jsonl"), "it has begun")
    farm.until(lambda: farm.output("slow.weft", 1) == "early\n", "output while it runs")
    assert "running" in farm.ask("status", "slow.weft", code=4)
    assert "on rank" in farm.ask("explain", 1, "slow.weft")
    farm.write("go")
    assert launcher.wait(timeout=20) == 0
    assert farm.output("slow.weft", 1) == "early\nlate\n"


def nothing_stays_behind():
    """Neither what leaves its task's group and session, nor what a killed rank was running."""
    mark = f"FARM_LEFT_MARK={os.getpid()}"
    env = {**os.environ, "FARM_LEFT_MARK": str(os.getpid())}
    farm.write("leaves", "setsid sh -c 'sleep 300 & sleep 300' & setsid setsid sleep 300 & sleep 0.2")
    farm.expect(farm.run(1, "run", "leaves", env=env), 0)
    farm.until(lambda: not farm.processes_with(mark), "what left its task has ended with the batch", 5)
    farm.write("deep", "setsid sh -c 'setsid sleep 300 & sleep 300' & sh -c 'trap \"\" TERM INT HUP; sleep 300; :'")
    for victim in ("rank", "mpirun"):
        launcher = subprocess.Popen(farm.command(1, "run", "deep"), env=env, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        farm.until(lambda: len(farm.processes_with(mark)) >= 7, "the task and its processes")
        begin = time.monotonic()
        os.kill(farm.children(launcher.pid)[0] if victim == "rank" else launcher.pid, 9)
        launcher.wait()
        farm.until(lambda: not farm.processes_with(mark), f"all has ended after {victim} was killed", 6)
        assert time.monotonic() - begin < 6


def picture():
    farm.write("drawn", *["sleep 0.05"] * 6, "false")
    done = farm.expect(farm.run(2, "run", "drawn", "--plot"), 3)
    assert "timeline: drawn.weft/timeline.svg" in done.stdout, done.stdout
    svg = farm.read("drawn.weft/timeline.svg")
    assert svg.count("<title>task") == 7 and "rank 1" in svg, svg


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    each_key()
    retries_go_elsewhere()
    sick_ranks()
    urgent_ones_first()
    cores()
    dependencies()
    templates()
    too_many_failures()
    output_limit()
    output_of_what_runs()
    nothing_stays_behind()
    picture()
