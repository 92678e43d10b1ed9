# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Shared by scripts/setup, scripts/run and scripts/test; source it. After that the current directory is the project's.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }

# Ends the script: what is wrong, and what to do about it. 6 = the machine is unfit (README, "Exit codes").
unfit() {
  say "weft: $*"
  exit 6
}

cores() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN; }

# Compilers in parallel: as many as there are cores, but each may need 1.5 GB of memory.
build_jobs() {
  local by_memory
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo 2>/dev/null || true)
  local jobs
  jobs=$(cores)
  if [ -n "$by_memory" ] && [ "$by_memory" -lt "$jobs" ]; then jobs=$by_memory; fi
  echo $((jobs > 1 ? jobs : 1))
}

has_command() { command -v "$1" >/dev/null 2>&1; }

has_header() {
  local compiler=$1 header=$2
  printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$header" | "$compiler" -x c++ -E - >/dev/null 2>&1
}

# build <preset> [cmake options]: configures and builds everything.
build() {
  local preset=$1
  shift
  if has_command ccache; then export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER:-ccache}; fi
  cmake --preset "$preset" "$@" >&2 || unfit "configuring failed; if it names a missing package, run scripts/setup"
  cmake --build --preset "$preset" -j "$(build_jobs)" >&2
}

# Open MPI's settings for one machine. In a batch job the cluster's own settings rule.
use_mpi_settings() {
  if [ -z "${SLURM_JOB_ID:-}${PBS_JOBID:-}${LSB_JOBID:-}" ]; then . scripts/mpi-env.sh; fi
}
