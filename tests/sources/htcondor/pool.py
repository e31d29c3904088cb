"""A real HTCondor pool on this machine: collector, negotiator, access point and one machine with simulated GPUs.

The programs are Debian 13's, unpacked into a folder of their own (`debian_condor.sh`) and started by their own loader.
`condor_gpu_discovery -simulate` is HTCondor's own way to have GPUs where there are none.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("debian_condor.sh")
DEBS = Path(tempfile.gettempdir()) / f"gpuledger-test-condor-{os.geteuid()}"
NOBODY = 65534
CONFIG = """
LOCAL_DIR = {home}
RELEASE_DIR = {debs}/usr
BIN = {home}/bin
SBIN = {home}/bin
LIBEXEC = {home}/bin
LIB = {debs}/usr/lib
LOG = {home}/log
SPOOL = {home}/spool
EXECUTE = {home}/execute
LOCK = {home}/lock
RUN = {home}/run
COLLECTOR_HOST = 127.0.0.1:0
COLLECTOR_ADDRESS_FILE = {home}/run/collector
MASTER_ADDRESS_FILE = {home}/run/master
SCHEDD_ADDRESS_FILE = {home}/run/schedd
STARTD_ADDRESS_FILE = {home}/run/startd
DAEMON_LIST = MASTER, COLLECTOR, NEGOTIATOR, SCHEDD, STARTD
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
ENABLE_IPV6 = False
USE_SHARED_PORT = False
USE_PROCD = False
UID_DOMAIN = lab
SCHEDD_NAME = ap1
STARTD_NAME = gpu0
ALLOW_READ = *
ALLOW_WRITE = *
ALLOW_DAEMON = *
ALLOW_NEGOTIATOR = *
ALLOW_ADMINISTRATOR = *
ALLOW_ADVERTISE_STARTD = *
ALLOW_ADVERTISE_SCHEDD = *
ALLOW_ADVERTISE_MASTER = *
SEC_DEFAULT_AUTHENTICATION = OPTIONAL
SEC_DEFAULT_AUTHENTICATION_METHODS = FS, CLAIMTOBE
SEC_DEFAULT_ENCRYPTION = OPTIONAL
SEC_DEFAULT_INTEGRITY = OPTIONAL
DISCARD_SESSION_KEYRING_ON_STARTUP = False
ENABLE_URL_TRANSFERS = False
FILETRANSFER_PLUGINS =
JAVA =
SINGULARITY =
MAIL = /bin/true
RUNBENCHMARKS = False
NEGOTIATOR_INTERVAL = 2
NEGOTIATOR_MIN_INTERVAL = 1
NEGOTIATOR_CYCLE_DELAY = 1
UPDATE_INTERVAL = 2
SCHEDD_INTERVAL = 2
SCHEDD_MIN_INTERVAL = 1
use FEATURE : GPUs
GPU_DISCOVERY_EXTRA = -extra -simulate:8
GPU_MONITOR = False
NUM_CPUS = 16
MEMORY = 64000
START = True
MAXJOBRETIREMENTTIME = 3600
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
NUM_SLOTS_TYPE_1 = 1
SLOT_TYPE_1_START = TARGET.IsBackfill =!= True
SLOT_TYPE_2 = 100%
SLOT_TYPE_2_PARTITIONABLE = True
SLOT_TYPE_2_BACKFILL = True
SLOT_TYPE_2_NAME_PREFIX = backfill
SLOT_TYPE_2_START = TARGET.IsBackfill =?= True
NUM_SLOTS_TYPE_2 = 1
PrioritizedProjects = strcat("ProjA", ",ProjB")
SLOT_TYPE_2_PrioritizedProjects = ""
STARTD_ATTRS = $(STARTD_ATTRS) PrioritizedProjects
"""
JOB = """executable = /bin/sleep
arguments = 3600
request_gpus = {gpus}
request_cpus = 1
request_memory = 100
request_disk = 1
accounting_group = phys.projA
+ProjectName = "ProjA"
+IsBackfill = {is_backfill}
queue {count}
"""
LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Pool:
    """Where the pool is, and how its commands are run."""

    home: Path

    @property
    def collector(self) -> str:
        """`host:port`, as the collector wrote it down."""
        return (self.home / "run" / "collector").read_text().split("?")[0].strip("<>\n").split(">")[0]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CONDOR_CONFIG": str(self.home / "condor_config"), "HOME": str(self.home)}

    def command(self, name: str) -> str:
        """Path of one of HTCondor's programs."""
        return str(self.home / "bin" / name)

    def run(self, name: str, *args: str, text: str | None = None) -> str:
        """Output of a command, run as the pool's owner."""
        done = subprocess.run(
            [self.command(name), *args], input=text, text=True, capture_output=True, env=self.environment,
            cwd=self.home, check=False, timeout=60, **_owner(),
        )  # fmt: skip
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def submit(self, count: int, gpus: int = 1, is_backfill: bool = False) -> None:
        self.run("condor_submit", "-", text=JOB.format(count=count, gpus=gpus, is_backfill=is_backfill))

    def slots(self) -> list[dict[str, Any]]:
        """What `condor_status` knows now."""
        return list(json.loads(self.run("condor_status", "-json") or "[]"))

    def wait(self, what: str, is_so: Callable[[], bool]) -> None:
        """Until it is so, or an error that says what was waited for."""
        end = time.monotonic() + LONGEST_WAIT
        while not is_so():
            assert time.monotonic() < end, f"the pool did not come so far: {what}\n{self.tail()}"
            time.sleep(0.2)

    def tail(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-600:]}" for log in sorted((self.home / "log").glob("*Log")))


def missing() -> str | None:
    """Why there can be no pool here."""
    absent = [name for name in ("apt-get", "dpkg-deb") if not shutil.which(name)]
    if not (DEBS / "usr").is_dir() and absent:
        return f"the HTCondor pool needs {', '.join(absent)} to get Debian's condor"
    with DEBS.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (DEBS / "usr").is_dir():
            return None
        done = subprocess.run([str(SCRIPT), str(DEBS)], capture_output=True, text=True, check=False, timeout=300)
    return f"the HTCondor pool needs Debian's archive: {done.stderr.strip()[-300:]}" if done.returncode else None


def started() -> tuple[Pool, "subprocess.Popen[bytes]"]:
    """A pool whose machine has told the collector its slots."""
    pool = Pool(Path(tempfile.mkdtemp(prefix="gpuledger-pool-")))
    for name in ("bin", "log", "spool", "execute", "lock", "run"):
        (pool.home / name).mkdir()
    _write_commands(pool.home / "bin")
    (pool.home / "condor_config").write_text(CONFIG.format(home=pool.home, debs=DEBS))
    for place in (pool.home, *pool.home.rglob("*")):
        place.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(place, NOBODY, NOBODY)
    with (pool.home / "log" / "master.out").open("wb") as log:
        master = subprocess.Popen(
            [pool.command("condor_master"), "-f"], env=pool.environment, cwd=pool.home, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True, **_owner(),
        )  # fmt: skip
    pool.wait("the collector listens", lambda: (pool.home / "run" / "collector").exists())
    pool.wait("two slots", lambda: len(pool.slots()) >= 2)
    pool.wait("an access point", lambda: "ap1" in pool.run("condor_status", "-schedd", "-autoformat", "Name"))
    return pool, master


def stopped(pool: Pool, master: "subprocess.Popen[bytes]") -> None:
    """Ends the pool: its master ends the others, quickly."""
    subprocess.run(
        [pool.command("condor_off"), "-fast", "-master"],
        env=pool.environment,
        capture_output=True,
        check=False,
        **_owner(),
    )
    try:
        master.wait(60)
    except subprocess.TimeoutExpired:
        master.terminate()
        master.wait(60)
    shutil.rmtree(pool.home, ignore_errors=True)


def _owner() -> dict[str, Any]:
    """HTCondor does not run jobs as root: root becomes nobody."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _write_commands(folder: Path) -> None:
    """A script for each program: Debian 13's loader with Debian 13's libraries."""
    loader = f"{DEBS}/usr/lib64/ld-linux-x86-64.so.2"
    libraries = f"{DEBS}/usr/lib/x86_64-linux-gnu:{DEBS}/usr/lib"
    places = ("usr/bin", "usr/sbin", "usr/libexec/condor")
    for program in (each for place in places for each in (DEBS / place).glob("condor_*")):
        (folder / program.name).write_text(f'#!/bin/sh\nexec {loader} --library-path {libraries} {program} "$@"\n')
