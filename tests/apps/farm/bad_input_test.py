# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 2
"""Bad input: one line, from one rank, with cause and cure; exit code 2; nothing is touched."""
import os
import tempfile

import farm


def refused(*arguments, words=(), ranks=2, **options):
    done = farm.expect(farm.run(ranks, *arguments, **options), 2)
    lines = [line for line in done.stderr.splitlines() if line.startswith("weft")]
    assert len(lines) == 1, f"{arguments}: {done.stderr}"
    for word in words:
        assert word in lines[0], f"{arguments}: '{word}' is not in: {lines[0]}"
    assert done.stdout == "", done.stdout


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    farm.write("tasks", "echo ran")
    with open("binary", "wb") as file:
        file.write(b"true\n\0\n")

    refused(words=["subcommand", "--help"])
    refused("run", words=["TASKS"])
    refused("walk", "tasks", words=["subcommand", "--help"])
    refused("run", "tasks", "--bogus", words=["--bogus"])
    refused("run", "tasks", "--slots", "0", words=["--slots"])
    refused("run", "missing", words=["missing", "No such file"])
    refused("run", folder, words=[folder, "directory"])
    refused("run", "binary", words=["line 2", "NUL"])
    refused("run", "-", input="true\n\0", words=["standard input"])
    refused("run", "tasks", "--results", "tasks/below", words=["tasks/below", "--results"])
    refused("run", "tasks", "--results", "/proc/below", words=["/proc/below", "--results"])
    refused("run", "tasks", ranks=1, env={**os.environ, "WEFT_PROGRESS": "maybe"}, words=["WEFT_PROGRESS", "maybe"])
    assert sorted(os.listdir()) == ["binary", "tasks"], os.listdir()

    farm.expect(farm.run(2, "run", "tasks"), 0)
    before = farm.read("tasks.weft/results.jsonl")
    refused("run", "tasks", words=["tasks.weft/results.jsonl", "--results", "--overwrite"])
    assert farm.read("tasks.weft/results.jsonl") == before
    assert farm.read(farm.output("tasks.weft", 1)) == "ran\n"
    farm.write("tasks", "true", "echo again")
    farm.expect(farm.run(2, "run", "tasks", "--overwrite"), 0)
    assert farm.outputs("tasks.weft") == ["2.out"] and len(farm.results("tasks.weft")) == 2

    for arguments in (["--help"], ["run", "--help"], ["--version"]):
        done = farm.expect(farm.run(2, *arguments), 0)
        assert done.stdout.count("weft-farm") >= 1 or "TASKS" in done.stdout, done.stdout
        assert done.stdout.count("--help") <= 2, done.stdout  # from one rank
