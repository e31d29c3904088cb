#!/usr/bin/env python3
"""Prints a made-up Slurm accounting trace in sacct's own words, of any size, with its exact totals.

  make_sacct.py --jobs 100000 --days 30 --format librarian > avery.txt
  make_sacct.py --jobs 100000 --format gpu --steps --delimiter $'\\x1f' --truth truth.json > gpu.txt

`librarian` are the 14 columns of the earlier dashboard, `gpu` the 35 of a GPU site (`sacct -a -D -P --noconvert`).
The same arguments give the same bytes (with `--now`). Every odd thing sacct prints is in it at a known rate: running and
pending jobs, jobs cancelled before they started, `CANCELLED by UID`, requeues (two rows, one id), arrays, typed and
untyped GPUs, jobs that began before the window, and with `--odd-names` delimiters in names. `--truth` holds totals
computed from the whole numbers, never from the text.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

LIBRARIAN = "User,Submit,NNodes,NCPUS,ReqMem,ReqTRES,State,Priority,Start,ElapsedRaw,JobID,JobIDRaw,NodeList,Reason"
GPU = (
    "JobIDRaw,JobID,User,Account,QOS,Partition,State,Submit,Eligible,Start,End,ElapsedRaw,TimelimitRaw,Suspended,ExitCode,"
    "DerivedExitCode,NNodes,NCPUS,ReqCPUS,ReqMem,ReqTRES,AllocTRES,CPUTimeRAW,TotalCPU,MaxRSS,AveRSS,NTasks,TRESUsageInTot,"
    "TRESUsageInAve,TRESUsageInMax,NodeList,Priority,Reason,Cluster,JobName"
)
FORMATS = {"librarian": LIBRARIAN.split(","), "gpu": GPU.split(",")}
ENDINGS = {
    "COMPLETED": 84, "FAILED": 7, "TIMEOUT": 3, "CANCELLED": 4, "OUT_OF_MEMORY": 0.5, "NODE_FAIL": 0.5, "PREEMPTED": 1,
}  # fmt: skip
CODES = {"OUT_OF_MEMORY": "0:125", "NODE_FAIL": "1:0"}
FIRST_ID = 5_000_001
DAY = 86400
Row = dict[str, Any]


@dataclass
class Job:
    """One job in whole seconds; `start` and `end` are None when it has not come so far."""

    number: int
    user: str
    gpus: int
    kind: str
    cpus: int
    memory: int
    submit: int
    state: str
    start: int | None
    end: int | None
    ran: int
    limit: int

    @property
    def nodes(self) -> int:
        return max(1, self.gpus // 8)

    @property
    def shown_id(self) -> str:
        task = self.number % 20
        return f"{self.number - task}_{task}" if self.number // 20 % 5 == 0 else str(self.number)

    def tres(self, *, typed: bool) -> str:
        gpus = (f"gres/gpu:{self.kind}={self.gpus}," if typed else "") + f"gres/gpu={self.gpus}," if self.gpus else ""
        return f"billing={self.cpus},cpu={self.cpus},{gpus}mem={self.memory}M,node={self.nodes}"


@dataclass
class Truth:
    """Totals inside the window."""

    window: tuple[int, int]
    jobs: int = 0
    rows: int = 0
    cpu_seconds: int = 0
    gpu_seconds: int = 0
    mem_mb_seconds: int = 0
    job_seconds: int = 0
    states: Counter[str] = field(default_factory=Counter)
    by_user_gpu_seconds: Counter[str] = field(default_factory=Counter)

    def add(self, job: Job, now: int) -> None:
        self.jobs += 1
        if not job.ran or job.start is None:
            return
        seconds = max(0, (job.end or now) - max(job.start, self.window[0]))
        self.cpu_seconds += job.cpus * seconds
        self.gpu_seconds += job.gpus * seconds
        self.mem_mb_seconds += job.memory * seconds
        self.job_seconds += seconds
        self.by_user_gpu_seconds[job.user] += job.gpus * seconds


@dataclass
class Maker:
    """Makes jobs and their rows from one stream of random numbers."""

    options: argparse.Namespace
    now: int
    draws: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draws = random.Random(self.options.seed)

    def jobs(self) -> Iterator[Job]:
        users = [f"user{i:03d}" for i in range(self.options.users)]
        owners = self.draws.choices(users, [1 / (i + 1) for i in range(len(users))], k=self.options.jobs)
        for number, user in enumerate(owners, FIRST_ID):
            yield self._job(number, user)

    def _job(self, number: int, user: str) -> Job:
        draw = self.draws
        gpus = draw.choices([0, 1, 2, 4, 8, 16], [55, 25, 8, 7, 4, 1])[0]
        cpus = gpus * draw.choice([2, 4, 8]) or draw.choice([1, 1, 2, 4, 8, 16, 32])
        since = self.now - int(self.options.days * DAY) - DAY
        submit = since + int(draw.random() * (self.now - since))
        wait = 0 if draw.random() < 0.5 else int(draw.expovariate(1 / 1800))
        length = min(int(draw.lognormvariate(7.2, 1.9)), 7 * DAY)
        state = draw.choices(list(ENDINGS), list(ENDINGS.values()))[0]
        start: int | None = submit + wait
        end: int | None = submit + wait + length
        if submit + wait >= self.now:
            state, start, end = "PENDING", None, None
        elif submit + wait + length > self.now:
            state, end = "RUNNING", None
        never_started = state == "CANCELLED" and draw.random() < 0.25
        ran = 0 if start is None or never_started else (end or self.now) - start
        kind, memory = draw.choice(["a100", "b200", "l4"]), cpus * draw.choice([1024, 2048, 4096, 7800])
        job = Job(number, user, gpus, kind, cpus, memory, submit, state, start, end, ran, max(1, length // 60 + 60))
        if never_started:
            job.start = None
        return job

    def rows(self, job: Job) -> list[Row]:
        """The job's rows: one, two when it was requeued, and its steps' when they are asked for."""
        row = self._job_row(job)
        rows = [row]
        if job.state == "PREEMPTED" or (self.draws.random() < 0.003 and job.ran > 10):
            rows = self._requeued(job, row)
        return rows + (self._steps(job, rows[-1]) if self.options.steps and job.ran else [])

    def _job_row(self, job: Job) -> Row:
        draw, held = self.draws, job.start is not None
        uid = 5000 + int(job.user[4:])
        by = f" by {uid if draw.random() < 0.9 else 0}" if job.state == "CANCELLED" else ""
        code = (
            draw.choice(["1:0", "2:0", "127:0", "0:11", "137:0"])
            if job.state == "FAILED"
            else CODES.get(job.state, "0:0")
        )
        name = draw.choice(["train", "eval", "prep", "sweep"])
        nodes = f"c{draw.randrange(400):04d}a-s{draw.randrange(40)}" if job.nodes == 1 else f"c0900a-s[1-{job.nodes}]"
        never = "None" if job.state == "CANCELLED" else "Unknown"
        return {
            "JobIDRaw": job.number, "JobID": job.shown_id, "User": job.user, "Account": self.options.qos,
            "QOS": self.options.qos, "Partition": "hpg-b200" if job.gpus else "hpg-default", "State": job.state + by,
            "Submit": self._stamp(job.submit), "Eligible": self._stamp(job.submit),
            "Start": self._stamp(job.start) if held else never, "End": self._stamp(job.end), "ElapsedRaw": job.ran,
            "TimelimitRaw": job.limit, "Suspended": "00:00:00", "ExitCode": code, "DerivedExitCode": "0:0",
            "NNodes": job.nodes, "NCPUS": job.cpus, "ReqCPUS": job.cpus, "ReqMem": f"{job.memory}M",
            "ReqTRES": job.tres(typed=draw.random() < 0.6), "AllocTRES": job.tres(typed=True) if held else "",
            "CPUTimeRAW": job.ran * job.cpus, "TotalCPU": clock(int(job.ran * job.cpus * draw.betavariate(2, 2))),
            "NodeList": nodes if held else "None assigned", "Priority": draw.randrange(1, 200_000),
            "Reason": "Priority" if job.state == "PENDING" else "None", "Cluster": "hpg",
            "JobName": name + ("|x" if self.options.odd_names and draw.random() < 0.02 else ""),
        }  # fmt: skip

    def _requeued(self, job: Job, row: Row) -> list[Row]:
        """The first try ends early; the second is submitted where it ended, under the same id."""
        if job.start is None or job.ran < 2:
            return [row]
        cut = self.draws.randrange(1, job.ran)
        again = self._stamp(job.start + cut)
        state = "PREEMPTED" if job.state == "PREEMPTED" else "REQUEUED"
        first = {**row, "State": state, "ElapsedRaw": cut, "End": again}
        then = {"Submit": again, "Eligible": again, "Start": again, "ElapsedRaw": job.ran - cut}
        return [first, {**row, **then, "State": "COMPLETED" if job.end else "RUNNING"}]

    def _steps(self, job: Job, row: Row) -> list[Row]:
        draw = self.draws
        peak = int(job.memory * 2**20 * draw.betavariate(2, 4)) & ~4095
        used = f"cpu={row['TotalCPU']},energy=0,fs/disk=11000,mem={peak},pages=0,vmem={peak + 2**28}"
        if job.gpus:
            load = int(100 * job.gpus * draw.betavariate(2, 1.5))
            used += f",gres/gpumem={int(job.gpus * 2**30 * draw.uniform(1, 70))},gres/gpuutil={load}"
        empty = dict.fromkeys(("User", "QOS", "Partition", "ReqTRES", "ReqMem", "Priority", "Reason"), "")
        state = "CANCELLED" if job.state == "TIMEOUT" else str(row["State"]).split(" ")[0]
        measured = dict.fromkeys(("TRESUsageInTot", "TRESUsageInAve", "TRESUsageInMax"), used)
        batch = {
            **row,
            **empty,
            **_step(row, "batch"),
            **measured,
            "State": state,
            "MaxRSS": peak,
            "AveRSS": peak,
            "NTasks": 1,
        }
        extern = {
            **row,
            **empty,
            **_step(row, "extern"),
            "State": "COMPLETED",
            "MaxRSS": 0,
            "TotalCPU": "00:00:00",
            "NTasks": 1,
        }
        return [batch, extern]

    def _stamp(self, moment: int | None) -> str:
        return "Unknown" if moment is None else minute(moment // 60, self.options.tz) + f"{moment % 60:02d}"


def _step(row: Row, name: str) -> Row:
    return {"JobID": f"{row['JobID']}.{name}", "JobIDRaw": f"{row['JobIDRaw']}.{name}", "JobName": name}


@lru_cache(maxsize=2**17)
def minute(number: int, zone: str) -> str:
    """A stamp up to its seconds, in local time without an offset, as sacct prints it."""
    return datetime.fromtimestamp(number * 60, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:")


def clock(seconds: int) -> str:
    """`D-HH:MM:SS`, the days only when there are some."""
    days, rest = divmod(seconds, DAY)
    return (f"{days}-" if days else "") + f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"


def write(options: argparse.Namespace, out: TextIO) -> Truth:
    """Writes the trace and returns its totals."""
    now = options.now or int(time.time())
    maker, truth = Maker(options, now), Truth((now - int(options.days * DAY), now))
    columns = FORMATS[options.format]
    out.write(options.delimiter.join(columns) + "\n")
    for job in maker.jobs():
        truth.add(job, now)
        for row in maker.rows(job):
            truth.rows += 1
            if "." not in str(row["JobIDRaw"]):
                truth.states[str(row["State"]).split(" ")[0]] += 1
            out.write(options.delimiter.join([str(row.get(column, "")) for column in columns]) + "\n")
    return truth


def arguments(line: list[str] | None = None) -> argparse.Namespace:
    """The options, from the command line or from a list of words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10000)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--users", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--now", type=int, default=None, help="epoch seconds (default: the clock)")
    parser.add_argument("--tz", default="UTC")
    parser.add_argument("--qos", default="avery")
    parser.add_argument("--format", choices=FORMATS, default="librarian")
    parser.add_argument("--steps", action="store_true", help="add .batch and .extern rows")
    parser.add_argument("--odd-names", action="store_true")
    parser.add_argument("--delimiter", default="|")
    parser.add_argument("--truth", help="file for the exact totals (JSON)")
    return parser.parse_args(line)


def main() -> None:
    options = arguments()
    truth = write(options, sys.stdout)
    if options.truth:
        Path(options.truth).write_text(json.dumps(vars(truth), indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
