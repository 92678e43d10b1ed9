# SPDX-License-Identifier: BSL-1.0
"""A Slurm of one node that lives in a folder, for tests: its own munged, slurmctld and slurmd, on free ports."""
import os
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "sinfo", "srun"]

# cred_expire is also how long a job that is queued anew has to wait; Slurm takes no less than 5 s. No cgroups and no
# binding: the processors that are declared need not exist. %n keeps apart what several nodes on a host would share.
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
TmpFS={folder}/tmp
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
MpiDefault=none
ReturnToService=2
KillWait=3
CompleteWait=0
KillOnBadExit=1
JobRequeue=1
MinJobAge=3600
AccountingStorageType=accounting_storage/none
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={node_port} CPUs={processors} RealMemory=1024 State=UNKNOWN
PartitionName=batch Nodes=node1 Default=YES MaxTime=INFINITE DefaultTime=10 State=UP
"""


def missing():
    """The programs of Slurm that are not installed here."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return [program for program in PROGRAMS if shutil.which(program, path=path) is None]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Cluster:
    def __init__(self, folder, processors):
        self.folder = os.path.realpath(folder)
        self.processors = processors
        self.environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
                            "SLURM_CONF": f"{self.folder}/slurm.conf"}

    def __enter__(self):
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)  # munge wants that its socket can be reached
        for name in ("state", "spool", "tmp"):
            os.mkdir(f"{self.folder}/{name}")
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        control_port, node_port = free_ports(2)
        with open(f"{self.folder}/slurm.conf", "w") as file:
            file.write(CONFIGURATION.format(folder=self.folder, host=socket.gethostname().split(".")[0], user=user,
                                            control_port=control_port, node_port=node_port, processors=self.processors))
        with open(f"{self.folder}/cgroup.conf", "w") as file:
            file.write("CgroupAutomount=no\nCgroupPlugin=cgroup/v1\n")  # version 2 would want systemd
        key = os.open(f"{self.folder}/munge.key", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(key, os.urandom(1024))
        os.close(key)
        try:
            self.start("munged", "--force", *[f"--{name}={self.folder}/munge.{name.split('-')[0]}" for name in
                                              ("socket", "key-file", "log-file", "pid-file", "seed-file")])
            self.start("slurmctld")
            self.start("slurmd", "-N", "node1")
            self.until(lambda: self.ask("sinfo", "-h", "-o", "%t") == "idle", "the node is idle", 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["scancel", "--quiet", "--me"], env=self.environment, timeout=20, capture_output=True)
        time.sleep(0.5)
        for daemon in ("slurmd", "slurmctld", "munge"):
            try:
                with open(f"{self.folder}/{daemon}.pid") as file:
                    number = int(file.read())
                os.kill(number, signal.SIGTERM)
            except (OSError, ValueError):
                continue
            for _ in range(100):
                if not os.path.exists(f"/proc/{number}"):
                    break
                time.sleep(0.05)

    def start(self, *command):
        """Daemons go into the background by themselves; what they complain of before goes along."""
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, timeout=30, text=True,
                              stdout=subprocess.DEVNULL, stderr=open(f"{self.folder}/{command[0]}.err", "w"))
        with open(f"{self.folder}/{command[0]}.err") as file:
            assert done.returncode == 0, f"{command[0]} does not start: {file.read()}"

    def ask(self, *command):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30)
        return done.stdout.strip()

    def submit(self, *arguments, **variables):
        done = subprocess.run(["sbatch", "--parsable", *arguments], capture_output=True, text=True, timeout=30,
                              env={**self.environment, **variables})
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def fact(self, job, name):
        """Of `scontrol show job`: JobState, ExitCode, Restarts..."""
        for word in self.ask("scontrol", "show", "job", "-o", job).split():
            if word.startswith(name + "="):
                return word.partition("=")[2]
        return ""

    def until(self, condition, what, seconds):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"never happened: {what}\n{self.logs()}"
            time.sleep(0.1)

    def logs(self):
        text = ""
        for name in ("slurmctld.log", "slurmd.log"):
            path = f"{self.folder}/{name}"
            if os.path.exists(path):
                with open(path) as file:
                    text += f"--- {name}\n" + "".join(file.readlines()[-15:])
        return text
