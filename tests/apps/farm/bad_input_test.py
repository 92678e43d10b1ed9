# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 1
"""Bad input: one line, from one rank, with cause and cure; exit code 2; nothing is touched."""
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

import farm


def refused(*arguments, words=(), ranks=2, **options):
    done = farm.expect(farm.run(ranks, *arguments, **options), 2)
    lines = [line for line in done.stderr.splitlines() if line.startswith("weft")]
    assert len(lines) == 1, f"{arguments}: {done.stderr}"
    for word in words:
        assert word in lines[0], f"{arguments}: '{word}' is not in: {lines[0]}"
    assert done.stdout == "", done.stdout


# mpirun takes a second to end a job that has failed, and sleeps meanwhile: independent cases run side by side.
pool = ThreadPoolExecutor(4)
started = []


def start_refused(*arguments, **options):
    started.append(pool.submit(refused, *arguments, **options))


def all_refused():
    for each in started:
        each.result()
    started.clear()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    farm.write("tasks", "echo ran")
    with open("binary", "wb") as file:
        file.write(b"true\n\0\n")

    start_refused(words=["subcommand", "--help"])
    start_refused("run", words=["TASKS"])
    start_refused("walk", "tasks", words=["subcommand", "--help"])
    start_refused("run", "tasks", "--bogus", words=["--bogus"])
    start_refused("run", "tasks", "--slots", "0", words=["--slots"])
    start_refused("run", "missing", words=["missing", "No such file"])
    start_refused("run", folder, words=[folder, "directory"])
    start_refused("run", "binary", words=["line 2", "NUL"])
    start_refused("run", "-", input="true\n\0", words=["standard input"])
    start_refused("run", "tasks", "--results", "tasks/below", words=["tasks/below", "--results"])
    start_refused("run", "tasks", "--results", "/proc/below", words=["/proc/below", "--results"])
    start_refused("run", "tasks", ranks=1, env={**os.environ, "WEFT_PROGRESS": "maybe"}, words=["WEFT_PROGRESS", "maybe"])
    all_refused()
    assert sorted(os.listdir()) == ["binary", "tasks"], os.listdir()

    lists = []
    for line, word in (("{}", "command"), ('{"command": "a", "after": 1}', "each other"), ('{"command": 1}', "string"),
                       ('{"command": "a", "cores": 2}', "--slots 2"), ('{"command": "a", "colour": 1}', "colour")):
        lists.append(farm.write(f"objects{len(lists)}.jsonl", line))
        start_refused("run", lists[-1], ranks=1, words=["line 1", lists[-1], word])
    start_refused("run", "echo {x}", "--each", "x", ranks=1, words=["NAME=VALUE"])
    start_refused("run", "echo", "--each", "x=1", ranks=1, words=["{x}"])
    start_refused("run", "echo {x}", "--each", "x=@nowhere", ranks=1, words=["nowhere"])
    start_refused("run", "tasks", "--time-limit", "soon", words=["--time-limit", "soon"])
    for command in (["resume"], ["retry", "tasks"], ["status"], ["explain", "1"], ["output", "1", "tasks.weft"]):
        start_refused(*command, ranks=1, words=["there is no batch"])
    all_refused()
    for path in lists:
        os.remove(path)
    assert sorted(os.listdir()) == ["binary", "tasks"], os.listdir()

    farm.expect(farm.run(2, "run", "tasks"), 0)
    before = farm.read("tasks.weft/results.jsonl")
    farm.write("tasks", "true", "echo again")
    refused("run", "tasks", words=["line 1", "has changed", "tasks.weft", "--results", "--overwrite"])
    assert farm.read("tasks.weft/results.jsonl") == before
    assert farm.output("tasks.weft", 1) == "ran\n"
    refused("explain", "7", ranks=1, words=["no task '7'"])
    farm.expect(farm.run(2, "run", "tasks", "--overwrite"), 0)
    assert farm.outputs("tasks.weft") == [2] and len(farm.results("tasks.weft")) == 2
    refused("run", "tasks", "--no-journal", words=["--no-journal"])
    farm.expect(farm.run(2, "run", "tasks", "--no-journal", "--results", "bare"), 0)
    refused("run", "tasks", "--no-journal", "--results", "bare", words=["bare/results.jsonl", "--overwrite"])

    for arguments in (["--help"], ["run", "--help"], ["--version"]):
        done = farm.expect(farm.run(2, *arguments), 0)
        assert done.stdout.count("weft-farm") >= 1 or "TASKS" in done.stdout, done.stdout
        assert done.stdout.count("Usage") <= 1, done.stdout  # from one rank
