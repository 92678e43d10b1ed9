#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Durable transfers between two ranks beside two-phase commit between two PostgreSQL servers, in one run, taken in turn.

usage: scripts/bench/postgres.py [--rounds N] [--seconds S] [--clients N,N...] [--json FILE] [--markdown FILE] [BUILD]

Two servers of 10,000 accounts each, on sockets in a folder of their own and with fsync on, are set up and taken down
again (Debian: postgresql libpq-dev; as root, they run as the user postgres). Their client forces its decisions
("2pc+log", what atomicity over a crash of the client needs) or keeps nothing ("2pc"); see postgres_transfers.cpp. Ours is
`weft-bank --workload transfer --multi 100 --durability synced` at 2 ranks over the same disk, under both decision rules,
half of the clients on each rank. BUILD is the build directory (default: build). --clients are those of both ranks
together (an odd number: the servers alone); the servers get no more than 64, which is more than they are best at. PostgreSQL parses SQL, keeps versions and talks through sockets; weft
does none of that. Rows of --json: case, clients, per_second, p50_us. --markdown writes the table into FILE between the
lines `<!-- postgres -->` and `<!-- /postgres -->`.
"""
import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from pages import write_section

ACCOUNTS = 10_000
MOST_CONNECTIONS = 64
HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class servers:
    """Two, as long as the `with` lasts."""

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found or not os.path.exists("/usr/include/postgresql/libpq-fe.h"):
            sys.exit("PostgreSQL is not here: apt-get install postgresql libpq-dev")
        self.programs = os.path.dirname(found[-1])
        self.folder = folder
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_user:
            shutil.chown(folder, "postgres")

    def __enter__(self):
        for port in (1, 2):
            data = os.path.join(self.folder, f"data{port}")
            run([*self.as_user, f"{self.programs}/initdb", "-D", data, "-U", "weft", "-A", "trust", "--no-sync"], cwd=self.folder)
            with open(os.path.join(data, "postgresql.conf"), "a") as file:
                file.write(f"unix_socket_directories = '{self.folder}'\nport = {port}\nlisten_addresses = ''\n"
                           "max_prepared_transactions = 200\nmax_connections = 200\nshared_buffers = 256MB\n"
                           "fsync = on\nsynchronous_commit = on\n")
            run([*self.as_user, f"{self.programs}/pg_ctl", "-D", data, "-w", "-l", os.path.join(self.folder, f"log{port}"),
                 "start"], cwd=self.folder)
            run(["psql", "-h", self.folder, "-p", str(port), "-U", "weft", "-d", "postgres", "-q", "-c",
                 "CREATE TABLE accounts(id int PRIMARY KEY, balance bigint NOT NULL);"
                 f"INSERT INTO accounts SELECT i, 1000 FROM generate_series(0, {ACCOUNTS - 1}) i"])
        return self

    def __exit__(self, *_):
        for port in (1, 2):
            subprocess.run([*self.as_user, f"{self.programs}/pg_ctl", "-D", os.path.join(self.folder, f"data{port}"), "-m", "fast",
                            "stop"], capture_output=True, check=False, cwd=self.folder)

    def sum(self):
        return sum(int(run(["psql", "-h", self.folder, "-p", str(port), "-U", "weft", "-d", "postgres", "-A", "-t", "-c",
                            "SELECT sum(balance) FROM accounts"])) for port in (1, 2))


def theirs(client, folder, clients, seconds, decision_log):
    command = [client, folder, str(clients), str(seconds), str(ACCOUNTS)]
    if decision_log:
        command.append(decision_log)
    per_second, p50 = map(float, run(command).split())
    return per_second, p50


def ours(build, scratch, clients, seconds, rule):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        out = os.path.join(folder, "out.json")
        run(["mpirun", "-q", "-n", "2", os.path.join(build, "bin", "weft-bank"), "--workload", "transfer", "--multi", "100",
             "--accounts", str(ACCOUNTS), "--clients", str(clients // 2), "--seconds", str(seconds), "--durability", "synced",
             "--decision", rule, "--resume", os.path.join(folder, "bank"), "--json", out], env=environment)
        with open(out) as file:
            found = json.load(file)
    assert found["wrong"] == "", found
    return found["goodput"], found["types"]["transfer"]["p50_ns"] / 1000


def table(rows, clients):
    lines = ["| | " + " | ".join(f"{n} client{'s' * (n > 1)}" for n in clients) + " |", "|---" * (len(clients) + 1) + "|"]
    for case in dict.fromkeys(row["case"] for row in rows):
        cells = []
        for n in clients:
            found = [row for row in rows if row["case"] == case and row["clients"] == n]
            cells.append(f"{found[0]['per_second']:,.0f}/s ({found[0]['p50_us']:,.0f} µs)" if found else "")
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--clients", type=lambda text: [int(n) for n in text.split(",")], default=[2, 16, 64, 512])
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    parser.add_argument("build", nargs="?", default="build")
    options = parser.parse_args()
    scratch = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory(prefix="weft-postgres-") as folder:
        client = os.path.join(folder, "postgres_transfers")
        with servers(folder) as both:
            run(["g++", "-std=c++20", "-O2", "-I/usr/include/postgresql", os.path.join(HERE, "postgres_transfers.cpp"), "-o", client,
                 "-lpq", "-lpthread"])
            found = {}
            for _ in range(options.rounds):
                for n in options.clients:
                    taken = {}
                    if n <= MOST_CONNECTIONS:
                        decisions = os.path.join(folder, "decisions")
                        taken["PostgreSQL 2pc"] = theirs(client, folder, n, options.seconds, None)
                        taken["PostgreSQL 2pc+log"] = theirs(client, folder, n, options.seconds, decisions)
                    if n % 2 == 0:
                        for rule in ("explicit", "implicit"):
                            taken[f"weft {rule}"] = ours(options.build, scratch, n, options.seconds, rule)
                    for case, figures in taken.items():
                        found.setdefault((case, n), []).append(figures)
            expected = 2 * ACCOUNTS * 1000
            if both.sum() != expected:
                sys.exit(f"PostgreSQL's balances sum up to {both.sum()} instead of {expected}")
    rows = [{"case": case, "clients": n, "per_second": statistics.median(f[0] for f in figures),
             "p50_us": statistics.median(f[1] for f in figures)} for (case, n), figures in found.items()]
    text = table(rows, options.clients)
    print(text)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"rows": rows}, file, indent=1)
    if options.markdown:
        write_section(options.markdown, "postgres", text)


main()
