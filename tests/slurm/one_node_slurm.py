"""A Slurm of one node with its own munge, configuration and ports, in a temporary folder.

Runs unprivileged and beside an installed Slurm. Daemons and jobs end with it, or with its process.
"""
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
CONFIGURATION = """\
ClusterName=sameseed
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES State=UP
"""


class Unavailable(Exception):
    """No Slurm can be had on this machine, and why."""


def eventually(condition, seconds, pause=0.02):
    """Whether condition() comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def processes(**variables):
    """Ids of the processes in whose environment all these variables stand."""
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted <= set(entry.read_bytes().split(b"\0")):
                found.append(int(entry.parent.name))
        except OSError:  # it ended, or is another user's
            continue
    return [one for one in found if one != os.getpid()]


def kill(process_ids):
    for one in process_ids:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass


def kill_all(variables):
    while left := processes(**variables):  # one may have started another
        kill(left)
        time.sleep(0.02)


def clean_up_after_this_process(variables, folder):
    """Leaves a process behind that ends what carries the variables once this one is gone, even by SIGKILL."""
    until_the_end, held_open = os.pipe()  # the system closes the other end with this process
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        os.close(held_open)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os.read(until_the_end, 1)
        kill_all(variables)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
    os.wait()
    os.close(until_the_end)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class OneNodeSlurm:
    """with OneNodeSlurm(folder, cpus) as slurm: commands find it through slurm.environment."""

    def __init__(self, folder, cpus):
        os.environ["PATH"] += ":/usr/sbin:/sbin"  # where Debian has the daemons
        missing = [name for name in PROGRAMS if not shutil.which(name)]
        if missing:
            raise Unavailable(f"{', '.join(missing)}: not installed (Debian: slurm-wlm, munge)")
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            raise Unavailable(f"user {os.getuid()} has no name, which Slurm wants") from None
        self.folder = pathlib.Path(folder)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("SLURM", "SBATCH", "SQUEUE"))}
        self.mark = {"SLURM_CONF": str(self.folder / "slurm.conf")}  # in every process of this Slurm
        self.environment.update(self.mark)
        self.daemons = []
        self.folder.chmod(0o711)  # munge wants a socket that all can reach
        controller_port, node_port = free_ports(2)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], folder=self.folder, user=user, cpus=cpus,
            controller_port=controller_port, node_port=node_port))
        version = re.search(r"(\d+)\.(\d+)", subprocess.run(
            ["slurmd", "-V"], capture_output=True, text=True, check=True).stdout)
        # Containers have no systemd to ask for a cgroup, and nothing here needs one.
        can_disable = (int(version[1]), int(version[2])) >= (24, 5)
        (self.folder / "cgroup.conf").write_text(
            "CgroupPlugin=disabled\n" if can_disable else "IgnoreSystemdOnFailure=yes\n")
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)

    def __enter__(self):
        clean_up_after_this_process(self.mark, self.folder)
        try:
            files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
            self._start("munged", "--foreground", f"--socket={self.folder}/munge.socket", *files)
            self._wait_for("munged", (self.folder / "munge.socket").exists)
            configuration = self.mark["SLURM_CONF"]
            self._start("slurmctld", "-D", "-f", configuration)
            self._start("slurmd", "-D", "-f", configuration)
            self._wait_for("slurmd", lambda: self.output("sinfo", "--noheader", "--format=%T") == "idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        kill_all(self.mark)
        for _, daemon in self.daemons:
            daemon.wait()

    def output(self, *command):
        """What a command prints, without the spaces around; nothing where it fails."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True).stdout.strip()

    def _start(self, *command):
        with open(self.folder / f"{command[0]}.out", "wb") as log:
            self.daemons.append((command[0], subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)))

    def _wait_for(self, what, condition):
        def ended():
            return [name for name, daemon in self.daemons if daemon.poll() is not None]

        if not eventually(lambda: condition() or ended(), 20) or ended():
            name = (ended() or [what])[0]
            lines = (self.folder / f"{name}.out").read_text(errors="replace").splitlines()
            raise Unavailable(f"{name} does not start here: {' | '.join(lines[-3:])}")
