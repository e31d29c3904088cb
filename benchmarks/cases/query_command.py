"""The same question typed as a command, beside the start of the process."""

from pathlib import Path

from benchmarks.case import Action, Case, Goal, Taken
from benchmarks.typed import typed


def make(folder: Path, is_quick: bool) -> None:
    from benchmarks.cases.merge_poll import make as make_ten_million

    make_ten_million(folder, is_quick)


def ours(data: Path, _: Path) -> Action:
    words = ("query", "gpu_hours", "--by", "user", "--from", "2026-05-01", "--to", "2026-06-01", "--csv")

    def query() -> int:
        return len(typed("--ledger", data / "ledger", *words).splitlines()) - 1

    query()
    return query


def start(_: Path, __: Path) -> Action:
    typed("--version")
    return lambda: len(typed("--version")) * 0


def beside(ours: Taken, limit: Taken) -> float:
    return ours.seconds - limit.seconds


CASE = Case(
    "query_command",
    "gpuledger query gpu_hours --by user, a month of 10 M attempts",
    "gpuledger --version (the start of the process)",
    make,
    ours,
    start,
    (Goal("s beside the start", beside, "<", 1),),
    rounds=5,
    data="ten_million",
)
