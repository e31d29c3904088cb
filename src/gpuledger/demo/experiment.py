"""A made-up experiment of two training runs over four sites, as HTCondor's DAGMan would have left it behind."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

ZONE = "America/Chicago"
BEGIN = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
FIRST_CLUSTER = 4_100_000
ACCESS_POINT = "<192.0.2.10:9618?addrs=192.0.2.10-9618&alias=ap1.example.org&noUDP&sock=schedd_1_2>"
REQUESTED_MB = 32_000


@dataclass(frozen=True)
class Place:
    """A site with its machines: one GPU model, how many of them a job gets, how long one epoch takes."""

    target: str
    host: str
    glidein: str
    gpu: str
    gpu_mb: int
    capability: str
    gpus: int
    hours: float


PLACES = (
    Place("expanse", "exp-{:02d}-57.expanse.sdsc.edu", "", "Tesla V100-SXM2-32GB", 32_501, "7.0", 2, 6.5),
    Place("delta", "gpua{:03d}.delta.ncsa.illinois.edu", "", "NVIDIA A100-SXM4-40GB", 40_326, "8.0", 1, 5.0),
    Place("aws", "ip-172-31-0-{}.ec2.internal", "", "NVIDIA L40S", 45_458, "8.9", 1, 4.5),
    Place("ospool", "gpu{:03d}.example.edu", "EXAMPLE-Lab-CE1", "NVIDIA A40", 45_403, "8.6", 1, 8.0),
)
OUTCOMES = (("ok", 60), ("failed", 10), ("shutdown", 11), ("memory", 9), ("stalled", 6), ("held", 4))
"""How a match ends, and how often in a hundred."""


@dataclass
class Files:
    """What is written: lines of the DAG and of dagman.out, and (moment, text) of each event."""

    random: Random
    dag: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    events: list[tuple[datetime, str]] = field(default_factory=list)
    cluster: int = FIRST_CLUSTER

    def tell(self, code: str, moment: datetime, text: str, *body: str) -> None:
        """One event of the job that is under way."""
        stamp = moment.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S")
        lines = [f"{code} ({self.cluster}.000.000) {stamp} {text}", *body, "..."]
        self.events.append((moment, "\n".join(lines)))

    def note(self, moment: datetime, text: str) -> None:
        """One line of dagman.out."""
        self.out.append(f"{moment.astimezone(ZoneInfo(ZONE)):%m/%d/%y %H:%M:%S} {text}")


def write_experiment(folder: Path, seed: int = 1, runs: int = 2, epochs: int = 8) -> tuple[Path, ...]:
    """Writes `train.dag`, its `dagman.out` and `metl.log` into `folder`; another seed is another experiment."""
    files = Files(Random(seed), cluster=FIRST_CLUSTER + 1000 * seed)
    for run in range(runs):
        name, moment = f"{files.random.getrandbits(32):08x}", BEGIN + timedelta(minutes=7 * run)
        for epoch in range(epochs):
            moment = _node(files, (run, epoch, name), moment)
    files.dag.append("RETRY ALL_NODES 3")
    told = [text for _, text in sorted(files.events, key=lambda event: event[0])]
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"train.dag": files.dag, "train.dag.dagman.out": sorted(files.out), "metl.log": told}
    for file, lines in texts.items():
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tuple(folder / file for file in texts)


def _node(files: Files, named: tuple[int, int, str], moment: datetime) -> datetime:
    """One epoch of one run, tried until it succeeds; when it did."""
    run, epoch, uuid = named
    node, place = f"run{run}-train_epoch{epoch}", files.random.choice(PLACES)
    files.dag += [
        f"JOB {node} train.sub",
        f'VARS {node} epoch="{epoch + 1}" run_uuid="{uuid}" ResourceName="{place.target}"',
        *([f"PARENT run{run}-train_epoch{epoch - 1} CHILD {node}"] if epoch else []),
    ]
    outcome = "failed"
    while outcome != "ok":
        if outcome == "failed":
            moment += timedelta(seconds=20)
            _submit(files, node, moment)
        moment, outcome = _match(files, place, moment)
        place = files.random.choice([place, place, PLACES[-1]])
        if outcome in ("ok", "failed"):
            files.cluster += 1
    return moment


def _submit(files: Files, node: str, moment: datetime) -> None:
    files.tell("000", moment, f"Job submitted from host: {ACCESS_POINT}", f"    DAG Node: {node}")
    local = moment.astimezone(ZoneInfo(ZONE))
    event = f"Event: ULOG_SUBMIT for HTCondor Node {node} ({files.cluster}.0.0) {{{local:%m/%d/%y %H:%M:%S}}}"
    files.note(moment, event)


def _match(files: Files, place: Place, moment: datetime) -> tuple[datetime, str]:
    """One match, from its input transfer to its end: when and how it ended."""
    random = files.random
    outcome = random.choices([name for name, _ in OUTCOMES], [weight for _, weight in OUTCOMES])[0]
    host = place.host.format(random.randint(1, 12))
    matched = moment + timedelta(minutes=random.randint(2, 50))
    address = f"<198.51.100.7:9618?addrs=198.51.100.7-9618&alias={host}&noUDP&sock=slot1_1_1>"
    files.tell("040", matched, "Started transferring input files", f"\tTransferring to host: {address}")
    started = matched + timedelta(seconds=random.randint(60, 900))
    if outcome == "stalled":
        return _stalled(files, host, started + timedelta(hours=1)), outcome
    files.tell("040", started, "Finished transferring input files")
    files.tell("001", started, f"Job executing on host: {address}", *_machine(random, place, host))
    share = 1.0 if outcome == "ok" else random.uniform(0.05, 0.9)
    ended = started + timedelta(hours=place.hours * share * random.uniform(0.9, 1.2))
    _end(files, place, outcome, (started, ended))
    return ended, outcome


def _stalled(files: Files, host: str, moment: datetime) -> datetime:
    """An input transfer that stalls ends the match before it executes."""
    files.tell(
        "021", moment, f"Error from starter on slot1_1@{host}:", "\tInput File transfer stalled for 3620 seconds"
    )
    body = ("\t(0) CPU times", "\tReason: Input File transfer stalled for 3620 seconds")
    files.tell("004", moment, "Job was evicted. Code 1007 Subcode 0", *body)
    return moment


def _machine(random: Random, place: Place, host: str) -> Iterator[str]:
    """What the event of the start says of the slot and its GPUs."""
    ids = [f"{random.getrandbits(32):08x}" for _ in range(place.gpus)]
    yield f"\tSlotName: slot1_1@{host}"
    yield f"\tAvailableGPUs = {{ {','.join(f'GPUs_GPU_{each}' for each in ids)} }}"
    yield "\tCpus = 8\n\tDisk = 104857600"
    if place.glidein:
        yield f'\tGLIDEIN_ResourceName = "{place.glidein}"'
    yield f"\tGPUs = {place.gpus}"
    for each in ids:
        yield (
            f'\tGPUs_GPU_{each} = [ Id = "GPU-{each}"; Capability = {place.capability}; DeviceName = "{place.gpu}"; '
            f'DeviceUuid = "{each}-1a2b-4d2a-9c1e-0123456789ab"; ECCEnabled = true; DriverVersion = 12.6; '
            f'DevicePciBusId = "0000:3C:00.0"; GlobalMemoryMb = {place.gpu_mb} ]'
        )
    yield f"\tMemory = {REQUESTED_MB}"


def _end(files: Files, place: Place, outcome: str, when: tuple[datetime, datetime]) -> None:
    ended = when[1]
    moved, use = _bytes(files.random, outcome), _use(files.random, place, outcome)
    used = [_cpu_time(use["Cpus"], when), *moved, *_table(place, use, when)]
    if outcome == "held":
        files.tell("012", ended, "Job was held.", "\tJob exceeded the allowed execute duration.", "\tCode 47 Subcode 0")
        files.tell("013", ended + timedelta(hours=1), "Job was released.", "\tvia condor_release (by user ann)")
    elif outcome in ("ok", "failed"):
        line = f"\t(1) Normal termination (return value {int(outcome == 'failed')})"
        files.tell("005", ended, "Job terminated.", line, *used)
    else:
        code, reason = EVICTIONS[outcome]
        files.tell("004", ended, f"Job was evicted. {code}", "\t(0) CPU times", *used, f"\tReason: {reason}")


EVICTIONS = {
    "shutdown": ("Code 1013 Subcode 0", "The startd was shut down"),
    "memory": ("Code 21 Subcode 102", "Job has used more memory than was requested"),
}


def _bytes(random: Random, outcome: str) -> tuple[str, ...]:
    sent = random.randint(9, 12) * 10**8 if outcome == "ok" else 0
    return (
        f"\t{sent}  -  Run Bytes Sent By Job",
        f"\t{random.randint(20, 27) * 10**9}  -  Run Bytes Received By Job",
    )


def _use(random: Random, place: Place, outcome: str) -> dict[str, str]:
    """What the job used; sites that do not measure GPUs leave the cell blank."""
    memory = REQUESTED_MB + 900 if outcome == "memory" else random.randint(19_000, 30_000)
    busy = f"{place.gpus * random.uniform(0.4, 0.95):.2f}" if place.glidein or place.target == "delta" else ""
    cores, disk = f"{random.uniform(1.5, 3.5):.2f}", random.randint(40, 60) * 10**6
    return {"Cpus": cores, "Disk (KB)": str(disk), "GPUs": busy, "Memory (MB)": str(memory)}


def _cpu_time(cores: str, when: tuple[datetime, datetime]) -> str:
    """CPU time of the run: as many cores as the table says, for as long as it took; a part of it in the system."""
    seconds = float(cores) * (when[1] - when[0]).total_seconds()
    user, system = (_clock(int(seconds * share)) for share in (0.94, 0.06))
    return f"\t\tUsr {user}, Sys {system}  -  Run Remote Usage"


def _clock(seconds: int) -> str:
    """Days and the time of day, as HTCondor writes spans."""
    days, rest = divmod(seconds, 86_400)
    return f"{days} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def _table(place: Place, use: dict[str, str], when: tuple[datetime, datetime]) -> Iterator[str]:
    """Usage, request and allocation by columns."""
    asked = {"Cpus": 8, "Disk (KB)": 104_857_600, "GPUs": place.gpus, "Memory (MB)": REQUESTED_MB}
    seconds = int((when[1] - when[0]).total_seconds())
    yield "\tPartitionable Resources :       Usage   Request Allocated"
    for name, used in use.items():
        yield f"\t   {name:<20} :{used:>12}{asked[name]:>10}{asked[name]:>10}"
    yield f"\t   {'TimeExecute (s)':<20} :{seconds:>12}{'':>10}{'':>10}"
