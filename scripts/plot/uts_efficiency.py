#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Draws how efficiently a tree search would use up to 16,384 ranks, as the simulator predicts it.

usage: scripts/plot/uts_efficiency.py [--ranks N,N,...] [--network NAME] [--grow N] [--json FILE] [BUILD] PICTURE

Measures what a node of T1 takes here (weft-uts --sequential), then simulates the search of T1 on each number of ranks.
The simulated clock is charged `--grow` times that for each node, so that 4,130,071 nodes stand for a tree that is so many
times as large. Efficiency is the charged time of all nodes over ranks times the search's time. `--json` keeps the
figures; given such a file instead of BUILD, it is only drawn. PICTURE is an SVG file; nothing but Python is needed.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile


def run(build, arguments, **more):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "result.json")
        command = [os.path.join(build, "bin", "weft-uts"), "--tree", "T1", *arguments, "--json", result]
        done = subprocess.run(command, env=dict(os.environ, **more), capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        with open(result) as file:
            return json.load(file)


def measure(options):
    alone = [run(options.build, ["--sequential"]) for _ in range(5)]
    node_ns = min(1e9 * one["seconds"] / one["nodes"] for one in alone)  # what else runs here only makes it longer
    charge = options.grow * node_ns
    points = []
    for ranks in options.ranks:
        found = run(options.build, ["--charge", str(charge)], WEFT_SIM=f"ranks={ranks},network={options.network}")
        efficiency = found["nodes"] * charge * 1e-9 / (ranks * found["seconds"])
        points.append({"ranks": ranks, "seconds": found["seconds"], "efficiency": efficiency})
        print(f"{ranks:>6} ranks: {found['seconds']:>10.4f} s, efficiency {efficiency:.3f}", flush=True)
    return {"node_ns": node_ns, "grow": options.grow, "network": options.network, "points": points}


WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 430, 60, 20, 100


def text(x, y, words, size=12, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>'


def draw(figures, picture):
    points = figures["points"]
    most = math.log2(points[-1]["ranks"]) or 1.0

    def across(ranks):
        return LEFT + 25 + (WIDTH - LEFT - 60) * math.log2(ranks) / most

    def down(percent):
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - percent / 110)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             'font-family="sans-serif" fill="#222">', '<rect width="100%" height="100%" fill="white"/>']
    for percent in range(0, 101, 20):
        parts.append(f'<path d="M{LEFT} {down(percent):.1f}H{WIDTH - 15}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, down(percent) + 4, f"{percent} %", anchor="end"))
    line = " ".join(f"{across(one['ranks']):.1f},{down(100 * one['efficiency']):.1f}" for one in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#3b6ea5" stroke-width="2"/>')
    for one in points:
        x, y = across(one["ranks"]), down(100 * one["efficiency"])
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#3b6ea5"/>')
        parts.append(text(x, y - 10, f"{100 * one['efficiency']:.1f} %"))
        parts.append(text(x, down(0) + 18, f"{one['ranks']:,}"))
    parts.append(text((LEFT + WIDTH) / 2, down(0) + 38, "ranks, simulated; efficiency as predicted"))
    parts.append(text(12, HEIGHT - 30, f"T1, 4,130,071 nodes, each charged {figures['grow']:,} times the "
                      f"{figures['node_ns']:.1f} ns that weft-uts --sequential takes for one:", 11, "start"))
    parts.append(text(12, HEIGHT - 14, f"it stands for a tree {figures['grow']:,} times as large. Network: the simulator's "
                      f"preset {figures['network']}.", 11, "start"))
    with open(picture, "w") as file:
        file.write("\n".join(parts) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("picture")
    parser.add_argument("--ranks", type=lambda text: [int(n) for n in text.split(",")],
                        default=[1, 16, 256, 1024, 4096, 16384])
    parser.add_argument("--network", default="hdr")
    parser.add_argument("--grow", type=int, default=1024)
    parser.add_argument("--json")
    options = parser.parse_args()
    if os.path.isfile(options.build):
        with open(options.build) as file:
            figures = json.load(file)
    else:
        figures = measure(options)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=2)
    draw(figures, options.picture)


if __name__ == "__main__":
    main()
