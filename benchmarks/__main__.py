"""`python -m benchmarks [--quick] [--only NAME …]`: makes the data, runs every case beside its limit, prints and keeps."""

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks.case import Case, Measured, Taken
from benchmarks.cases import NAMES, case

HERE = Path(__file__).parent
HEAD = f"{'case':<18}{'ours':>10}{'cpu':>10}{'limit':>10}{'ratio':>8}{'rows/s':>12}{'peak':>9}  goals"


def main() -> int:
    """Exit code 4 when a goal is missed at full size."""
    options = parsed()
    print(HEAD, flush=True)
    results = [measured(case(name), options.quick) for name in options.only or NAMES]
    keep(results, options.quick)
    missed = [goal["label"] for result in results for goal in result["goals"] if not goal["is_met"]]
    return 4 if missed and not options.quick else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data; goals are printed, not judged")
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=f"some of: {', '.join(NAMES)}")
    return parser.parse_args()


def measured(case: Case, is_quick: bool) -> dict[str, object]:
    """Runs ours and the limit in turn; prints the line; what to keep."""
    data = made(case, is_quick)
    sides = ("ours", "limit") if case.limit else ("ours",)
    runs = [[run(case, side, data) for side in sides] for _ in range(1 if is_quick else case.rounds)]
    ours, limit = taken([row[0] for row in runs]), taken([row[-1] for row in runs])
    goals = [
        {
            "label": goal.label,
            "value": goal.value(ours, limit),
            "sign": goal.sign,
            "bound": goal.bound,
            "is_met": goal.is_met(ours, limit),
        }
        for goal in case.goals
    ]
    print(line(case, ours, limit, goals), flush=True)
    return {
        "name": case.name,
        "title": case.title,
        "limit_is": case.limit_is,
        "ours": asdict(ours),
        "limit": asdict(limit),
        "goals": goals,
    }


def made(case: Case, is_quick: bool) -> Path:
    """The case's data, built when it is not there (a build that was cut short is built again)."""
    folder = HERE / "data" / f"{case.data or case.name}{'-quick' if is_quick else ''}"
    if not folder.exists():
        begun = folder.with_suffix(".building")
        shutil.rmtree(begun, ignore_errors=True)
        begun.mkdir(parents=True)
        start = time.perf_counter()
        case.make(begun, is_quick)
        begun.rename(folder)
        print(f"  made {folder.name} in {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return folder


def run(case: Case, side: str, data: Path) -> Measured:
    """One side in a fresh process and scratch folder, on the disk the data is on."""
    with tempfile.TemporaryDirectory(dir=HERE / "data") as scratch:
        command = [sys.executable, "-m", "benchmarks.child", case.name, side, str(data), scratch]
        outcome = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True)
    return Measured(**json.loads(outcome.stdout.splitlines()[-1]))


def taken(runs: list[Measured]) -> Taken:
    """Medians of the times and figures, the largest peak."""
    return Taken(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu_seconds for run in runs),
        max(run.peak_bytes for run in runs),
        runs[0].rows,
        tuple(run.seconds for run in runs),
        {name: statistics.median(run.figures[name] for run in runs) for name in runs[0].figures},
    )


def line(case: Case, ours: Taken, limit: Taken, goals: list[dict[str, object]]) -> str:
    told = "; ".join(
        f"{'ok' if g['is_met'] else 'MISSED'} {g['label']} {g['sign']} {g['bound']:,g}: {g['value']:,.3g}"
        for g in goals
    )
    rate = f"{ours.rows / ours.seconds:,.0f}" if ours.rows else ""
    peak = f"{ours.peak_bytes / 1e6:,.0f} MB"
    beside = f"{limit.seconds:>8.3f} s{ours.seconds / limit.seconds:>8.2f}" if case.limit else " " * 18
    return f"{case.name:<18}{ours.seconds:>8.3f} s{ours.cpu_seconds:>8.3f} s{beside}{rate:>12}{peak:>9}  {told}"


def keep(results: list[dict[str, object]], is_quick: bool) -> None:
    """Writes the results where the next commit's can be compared with them."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True, check=False
    ).stdout.strip()
    path = HERE / "results" / f"{commit or 'unknown'}{'-quick' if is_quick else ''}.json"
    path.parent.mkdir(exist_ok=True)
    machine = {"processor": processor(), "python": platform.python_version(), "system": platform.platform()}
    path.write_text(
        json.dumps({"commit": commit, "is_quick": is_quick, "machine": machine, "cases": results}, indent=1) + "\n"
    )
    print(f"kept in {path.relative_to(HERE.parent)}")


def processor() -> str:
    """The CPU's name and how many there are."""
    names: Iterator[str] = (
        row.split(":", 1)[1].strip()
        for row in Path("/proc/cpuinfo").read_text().splitlines()
        if row.startswith("model name")
    )
    held = list(names)
    return f"{len(held)} × {held[0]}" if held else platform.processor()


if __name__ == "__main__":
    raise SystemExit(main())
