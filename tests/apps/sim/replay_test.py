# SPDX-License-Identifier: BSL-1.0
# timeout: 120
# processors: 1
"""A race that shows at 64 ranks for some seeds is shrunk to a few ranks, and the printed command repeats it."""
import os
import re
import shutil
import subprocess
import tempfile

PROGRAM = os.path.join(os.environ["TEST_BIN_DIR"], "weft_program_sim_handover")
OUTSIDE = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMIX_", "PMI_"))}


def run(settings, *arguments, command=None):
    environment = dict(OUTSIDE, WEFT_SIM=settings) if command is None else OUTSIDE
    return subprocess.run(command or [PROGRAM, *arguments], env=environment, shell=command is not None,
                          capture_output=True, text=True, timeout=100)


def commands(done):
    return re.findall(r"^weft: simulator: repeat it:  (.*)$", done.stderr, re.M)


def failure(done):
    """The lines that tell what went wrong, without how they were found."""
    return [line for line in done.stderr.splitlines() if "shrunk in" not in line and "repeat it" not in line and
            " fails: " not in line]


# It shows for some seeds, and the first of them is found and kept.
plain = [run(f"ranks=64,jitter=8us,seed={seed}").returncode for seed in range(1, 13)]
assert 0 < plain.count(1) < 12 and set(plain) == {0, 1}, plain
found = run("ranks=64,jitter=8us,seeds=100")
assert found.returncode == 1 and len(commands(found)) == 1, found.stderr
assert f"seed={1 + plain.index(1)}" in commands(found)[0], found.stderr
assert "ranks=64" in commands(found)[0], found.stderr
assert run("ranks=2,jitter=8us,seeds=50").returncode == 0

# It is shrunk: fewer ranks, and the faults that it does not need are gone.
small = run("ranks=64,jitter=8us,pauses=3,slow=2,kills=1,seeds=100,shrink=200,summary=1", "a word's end")
assert small.returncode == 1, small.stderr
command = commands(small)[0]
ranks = int(re.search(r"ranks=(\d+)", command).group(1))
assert ranks <= 4, command
assert not re.search("pauses|slow|kills|seeds|shrink", command), command
assert "asked for parcel" in small.stderr, small.stderr

# The command repeats it, to the event.
again = run("", command=command)
assert again.returncode == 1, again.stderr
assert failure(again) == failure(small), (again.stderr, small.stderr)
assert "hash" in again.stderr

# Its events go to a file, and it can be stopped at one.
with tempfile.TemporaryDirectory() as folder:
    settings = re.search(r"WEFT_SIM=(\S+)", command).group(1)
    table = os.path.join(folder, "events")
    assert run(f"{settings},events={table}").returncode == 1
    with open(table) as file:
        lines = file.read().splitlines()
    assert lines[0].split() == ["number", "time", "rank", "event", "peer", "tag", "bytes", "crc"], lines[0]
    assert [int(line.split()[0]) for line in lines[1:]] == list(range(1, len(lines))), lines
    stopped = run(f"{settings},until=3")
    assert stopped.returncode == 5 and "as asked for" in stopped.stderr, stopped.stderr
assert run("ranks=64,until=0").returncode == 2

# What docs/guides/replay.md shows is still so.
with open(os.path.join(os.path.dirname(__file__), "../../../docs/guides/replay.md")) as file:
    page = file.read()
shown = re.search(r"repeat it:  WEFT_SIM=(\S+)", page).group(1)
done = run(shown)
errors = re.findall(r"^\[r\d+ [\d.]+\] (.*)$", page, re.M)
assert done.returncode == 1 and len(errors) == 3, (shown, errors)
for line in errors:
    assert line in done.stderr, f"the guide shows '{line}', but {shown} gives\n{done.stderr}"

# A debugger stops at the event.
if shutil.which("gdb"):
    debugger = ["gdb", "-q", "-batch", "-ex", "set debuginfod enabled off", "-ex", "break weft_sim_break", "-ex", "run",
                "-ex", "backtrace 5", PROGRAM]
    told = subprocess.run(debugger, env=dict(OUTSIDE, WEFT_SIM=f"{settings},break=10"), capture_output=True, text=True,
                          timeout=60).stdout
    assert re.search(r"Breakpoint 1, .*weft_sim_break", told) and "trace" in told, told

print(f"64 ranks shrunk to {ranks}: {command}")
