// SPDX-License-Identifier: BSL-1.0
#include "help.hpp"

namespace weft::farm {

std::string help_text() {
  return R"(From a list of commands to its results:
  seq 1 100 | sed 's/.*/sleep 0.&; echo done &/' > tasks      one shell command per line
  mpirun -n 4 weft-farm run tasks                             runs them; the summary says how it went
  mpirun -n 4 weft-farm run --each n=1,2,3 --each f=@files 'sim -n {n} {f}'      all combinations

Interrupt it with Ctrl-C, by a signal, or by the end of its time: nothing that is done is lost. Then
  weft-farm status tasks.weft                                 how far it is
  mpirun -n 8 weft-farm run tasks                             the same again goes on, with any number of ranks;
                                                              so does: mpirun -n 8 weft-farm resume tasks.weft
  mpirun -n 4 weft-farm retry tasks.weft                      runs what has failed again

To read it, also while it runs (status, explain and output need no mpirun):
  weft-farm output 7 tasks.weft                               what task 7 (line 7) has written
  weft-farm explain 7 tasks.weft                              what has become of it, attempt by attempt
  tasks.weft/results.jsonl                                    one JSON object for each task that has ended

A list may also be of JSON objects, one per line, with more to say of a task (only "command" is required):
  {"command": "sim 3", "name": "sim3", "cwd": "run3", "env": {"OMP_NUM_THREADS": "4"}, "cores": 4,
   "time_limit": "2h", "retries": 2, "priority": 10, "after": ["prepare", 1]}

A task finds WEFT_TASK_ID, WEFT_TASK_ATTEMPT, WEFT_TASK_RANK and WEFT_TASK_SLOT in its environment. On a cluster, see
scripts/slurm/farm.sbatch. More about a command: weft-farm run --help.

Exit codes: 0 all tasks succeeded, 3 some failed, 4 stopped early (go on later), 2 wrong usage, 1 other errors.
After Ctrl-C, and when a rank was killed, mpirun returns a code of its own: ask weft-farm status.)";
}

}  // namespace weft::farm
