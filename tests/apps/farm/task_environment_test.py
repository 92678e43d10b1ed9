# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 2
"""What a task finds when it starts: nothing of the rank that runs it, so that it may itself be an MPI program."""
import os
import tempfile

import farm

MPIRUN = f"{farm.LAUNCHER[0]} -n 2"
ALLOWED = "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1"
INFO = os.path.join(farm.BIN, "weft-info")
TASKS = {
    "variables": "env | grep ^WEFT_TASK_ | sort",
    "launcher": "env | grep -E '^(OMPI_|PMIX_|PMI_)'",
    "input": "readlink /proc/self/fd/0",
    "descriptors": "exec ls /proc/self/fd",
    "group": "[ $(ps -o pgid= -p $$) = $$ ] && echo own",
    "signals": "grep -E '^Sig(Blk|Ign)' /proc/self/status",
    "leftovers": "sleep 300 & echo $!",
    "directory": "pwd",
    "mpi": f"{ALLOWED} {MPIRUN} {INFO}",
    "singleton": INFO,
    "nested": f"{farm.PROGRAM} run inner --results inner.weft",
}


def fact(text, name):
    return next(line.split()[1] for line in text.splitlines() if line.startswith(name + " "))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    farm.write("inner", "true", "true")
    farm.write("tasks", *TASKS.values())
    done = farm.run(2, "run", "tasks")
    wrote = {}
    ended = {}
    for line, name in enumerate(TASKS, 1):
        wrote[name] = farm.output("tasks.weft", line)
        ended[name] = farm.results("tasks.weft")[line]
        if name != "launcher":  # grep finds nothing there
            assert ended[name]["exit"] == 0, (ended[name], wrote[name], done.stdout)
    farm.expect(done, 3)

    variables = dict(line.split("=") for line in wrote["variables"].splitlines())
    expected = {"ID": "1", "LINE": "1", "ATTEMPT": "1", "RANK": str(ended["variables"]["rank"]), "SLOT": "0"}
    assert variables == {f"WEFT_TASK_{name}": value for name, value in expected.items()}, variables
    assert wrote["launcher"] == "", wrote["launcher"]
    assert wrote["input"] == "/dev/null\n"
    assert wrote["descriptors"].split() == ["0", "1", "2", "3"], wrote["descriptors"]  # 3 is the folder that ls reads
    assert wrote["group"] == "own\n"
    assert all(int(line.split()[1], 16) == 0 for line in wrote["signals"].splitlines()), wrote["signals"]
    assert not farm.is_alive(int(wrote["leftovers"])), "what a task leaves running must end with it"
    assert os.path.realpath(wrote["directory"].strip()) == os.path.realpath(folder)
    assert fact(wrote["mpi"], "ranks") == "2", wrote["mpi"]
    assert fact(wrote["singleton"], "ranks") == "1", wrote["singleton"]
    assert len(farm.results("inner.weft")) == 2
    for name in ("mpi", "singleton"):  # weft programs know the variables of tasks
        assert "WEFT_TASK" not in wrote[name]
        assert farm.output("tasks.weft", list(TASKS).index(name) + 1, "err") == "", name
