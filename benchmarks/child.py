"""One run of one side of a case, in a process of its own: prints what it measured as JSON."""

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.case import Measured, Told
from benchmarks.cases import case


def cpu_seconds() -> float:
    """Of this process and its children."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def peak_bytes() -> int:
    """Largest resident memory of this process or of a command it ran.

    Our own is read from /proc: `ru_maxrss` is inherited from whoever started us.
    """
    own = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * max(int(own.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def main(name: str, side: str, data: str, scratch: str) -> None:
    """Prepares, then measures the action alone."""
    action = getattr(case(name), side)(Path(data), Path(scratch))
    before = cpu_seconds()
    start = time.perf_counter()
    outcome = action()
    seconds = time.perf_counter() - start
    spent = cpu_seconds() - before
    told = outcome if isinstance(outcome, Told) else Told(outcome, {})
    print(json.dumps(asdict(Measured(seconds, spent, peak_bytes(), told.rows, told.figures))))


if __name__ == "__main__":
    main(*sys.argv[1:])
