# SPDX-License-Identifier: BSL-1.0
# timeout: 90
# processors: 2
"""What going on with a batch refuses, and what it runs again."""
import os
import tempfile

import farm


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
    lists_that_change()
    retrying()
