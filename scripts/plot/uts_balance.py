#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Draws what each rank did in a tree search.

usage: mpirun -n 2 weft-uts --tree T1L --json uts.json
       scripts/plot/uts_balance.py uts.json balance.svg

Needs matplotlib (Debian: python3-matplotlib). The picture's form follows the name of the second file.
"""
import json
import sys

try:
    import matplotlib
except ModuleNotFoundError:
    sys.exit("uts_balance.py needs matplotlib: apt install python3-matplotlib, or pip install matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen before)

PARTS = (("working_seconds", "working", "#3b6ea5"), ("searching_seconds", "asking for work", "#e0a030"),
         ("idle_seconds", "waiting to be given work", "#c8c8c8"))


def draw(search, picture):
    ranks = search["balance"]
    if not ranks:
        sys.exit("no balance in it: a sequential search has none")
    figure, (times, nodes) = pyplot.subplots(1, 2, figsize=(10, 1.6 + 0.28 * len(ranks)), sharey=True)
    rows = range(len(ranks))
    left = [0.0] * len(ranks)
    for key, label, colour in PARTS:
        widths = [rank[key] for rank in ranks]
        times.barh(rows, widths, left=left, label=label, color=colour)
        left = [a + b for a, b in zip(left, widths)]
    times.set_xlabel("seconds")
    times.set_ylabel("rank")
    times.set_yticks(list(rows))
    times.invert_yaxis()
    times.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=8)
    counts = [rank["nodes"] / 1e6 for rank in ranks]
    mean = sum(counts) / len(counts)
    nodes.barh(rows, counts, color="#3b6ea5")
    nodes.axvline(mean, color="black", linewidth=0.8, linestyle="--")
    nodes.set_xlabel(f"million nodes (mean {mean:.2f}, busiest {max(counts) / mean:.3f} of it)")
    figure.suptitle(f"{search['nodes']:,} nodes, {search['ranks']} ranks, {search['seconds']:.3f} s", fontsize=10, y=1.0)
    figure.tight_layout()
    figure.savefig(picture)


if len(sys.argv) != 3:
    sys.exit(__doc__)
with open(sys.argv[1]) as file:
    draw(json.load(file), sys.argv[2])
