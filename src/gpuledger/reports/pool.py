"""How the GPUs of a pool were used, by whom, and what kept them from work: the mail of every night, week and month."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gpuledger.metrics import Ask, LedgerCoverage
from gpuledger.model.document import Document, Section
from gpuledger.model.errors import NoData
from gpuledger.reports import Report
from gpuledger.reports import _words as words
from gpuledger.reports._cards import before
from gpuledger.reports._pool import classes
from gpuledger.reports._pool.cards import CARDS, cards
from gpuledger.reports._pool.over_time import Course
from gpuledger.reports._pool.scene import TABLE, Pool, class_label
from gpuledger.reports._quality import coverage, quality_of, stale

_SHORT = {"researcher": "researcher", "reserved": "reserved", "open": "open"}
"""Classes that a subject line names, and how."""


class PoolParameters(BaseModel):
    """What may be chosen beside period and filters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owned_hosts: Path | None = Field(None, description="File of the hosts the site itself reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out, each with its reason.")
    rows: int = Field(50, ge=1, le=1_000_000, description="Most rows of a table; the rest is one row.")


def build(ask: Ask, parameters: PoolParameters) -> Document:
    """Raises NoData when nobody looked at any GPU in the period."""
    covered = ask.coverage(table=TABLE)
    if not covered.covered_ratio:
        raise NoData(_no_data(ask, covered))
    pool = Pool.asked(ask, covered, parameters.rows)
    course = Course(pool)
    earlier = before(ask, covered, CARDS, TABLE)
    sections = (
        Section("overview", "Numbers", (cards(pool, course, earlier), classes.classes(pool))),
        Section("over-time", "Over time", tuple(course.charts())),
        Section(
            "capacity", "Tiers, memory, models", (classes.tiers(pool), classes.memory(pool), *classes.models(pool))
        ),
        quality_of(ask, covered),
    )
    return Document(
        name="pool",
        title=_title(pool),
        finding=_finding(pool),
        period=ask.period,
        parameters=_parameters(parameters),
        generated_at=ask.now,
        display_zone=ask.display_zone,
        coverage=coverage(covered),
        sections=sections,
        banners=stale(ask, covered),
        ranks={"class": tuple(class_label(name) for name in pool.classes)},
        subject=_subject(pool),
        mail=("numbers", "classes", "states-over-time"),
    )


def _no_data(ask: Ask, covered: LedgerCoverage) -> str:
    if covered.newest is None:
        return (
            "The ledger holds no readings of GPUs yet; read some with `gpuledger ingest FILE` or `gpuledger collect`."
        )
    newest = covered.newest.strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f"There is no reading of GPUs in {ask.period}; try `gpuledger report pool --last {_length(ask)} --to {newest}`."
    )


def _length(ask: Ask) -> str:
    """The period's length as `--last` takes it."""
    length = words.length(ask.period).replace(words.SPACE, "").replace(" ", "")
    return length if length[:-1].isdigit() and length[-1] in "hd" else "24h"


def _title(pool: Pool) -> str:
    clusters = pool.coverage.clusters
    where = f" of {clusters[0]}" if len(clusters) == 1 else ""
    return f"GPU pool{where}, {words.of_period(pool.ask.period)}"


def _finding(pool: Pool) -> str:
    return classes.level(pool, pool.total.totals, "GPUs")


def _subject(pool: Pool) -> str:
    """Labelled numbers of the period: whole, classes, secondary."""
    ratio, present = pool.total.value("allocated_ratio"), pool.value("present_gpus")
    if ratio is None:
        return "no GPU was reported"
    ratios = pool.answers["class"].of("allocated_ratio")
    parts = [
        f"{short} {words.percent(share)}"
        for name, short in _SHORT.items()
        if (share := ratios.get((name,))) is not None
    ]
    lent = f"secondary {words.gpus(pool.value('secondary_gpus'))} GPUs"
    return " · ".join([f"allocated {words.percent(ratio)} of {words.gpus(present)} GPUs", *parts, lent])


def _parameters(parameters: PoolParameters) -> dict[str, str | int | None]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in parameters.model_dump().items()}


REPORT = Report(
    name="pool",
    title="GPU pool",
    audience="Operators and directors of a pool: how many GPUs were allocated, by class, model and user, and what kept the rest from work.",
    parameters=PoolParameters,
    build=build,
    default_last="24h",
)
