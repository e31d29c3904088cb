"""How the GPUs of a pool were used, by whom, and what kept them from work: the mail of every night, week and month."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field

from gpuledger.metrics import Ask
from gpuledger.metrics.filters import require_values
from gpuledger.metrics.newest import rows_of
from gpuledger.model.capacity import is_match
from gpuledger.model.devices import gpu_model
from gpuledger.model.document import Document, Note, Scalar, Section
from gpuledger.model.tables import GPU_STATES
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._cards import before
from gpuledger.reports._pool import classes, hosts
from gpuledger.reports._pool.cards import CARDS, cards
from gpuledger.reports._pool.draining import Draining
from gpuledger.reports._pool.invariants import notes
from gpuledger.reports._pool.method import method
from gpuledger.reports._pool.over_time import Course
from gpuledger.reports._pool.past import Past
from gpuledger.reports._pool.people import users
from gpuledger.reports._pool.prevented import Prevented
from gpuledger.reports._pool.scene import OF_USERS, RATIOS, STATES, WANTED, Pool, class_label
from gpuledger.reports._pool.trend import Trend
from gpuledger.reports._pool_views.view import OF_GPUS, TABLE, View, definitions
from gpuledger.reports._quality import banners, quality_of

_SHORT = {"researcher": "researcher", "open": "open", "reserved": "reserved"}
"""Classes that a subject line names, and how, the most important first."""
_MAIL = ("numbers", "classes", "states-over-time", "users-of-model", "draining", "prevented", "without-primary", "users-secondary",
         "draining-timeline", "by-tier", "excluded")  # fmt: skip
_NEARLY_ALL = 0.995
"""A period observed less is said to be covered in part, in the document's finding."""


class PoolParameters(Parameters):
    """What may be chosen beside period and filters."""

    owned_hosts: Path | None = Field(None, description="File of the hosts the site itself reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out, each with its reason.")
    model: tuple[str, ...] = Field(
        (),
        description="GPU models whose users are listed; * and ? are wild. [the one with the most memory of the first tier]",
    )
    rows: int = Field(50, ge=1, le=1_000_000, description="Most rows of a table; the rest is one row.")
    periods: int = Field(
        7, ge=0, le=366, description="Earlier periods of the same length that the trend is taken over."
    )
    weeks: int = Field(
        8, ge=0, le=520, description="Whole ISO weeks, up to the period's end, that are shown side by side."
    )


def build(ask: Ask, parameters: PoolParameters) -> Document:
    """Raises NoData when nobody looked at any GPU in the period, UsageError for a filter's name that was never seen."""
    view = View(ask)
    view.require_readings("pool")
    past = Past(view, tuple(WANTED.values()), parameters.periods, parameters.weeks)
    pool = Pool.of(view, parameters.rows, past)
    if not pool.value("present_gpus"):
        require_values(ask, TABLE)
    course, trend = Course(pool, past), Trend(pool, past)
    draining, prevented = Draining(pool), Prevented(pool)
    models = _models(pool, parameters.model)
    checked = notes(pool, draining, prevented)
    sections = (
        Section("overview", "Numbers", (cards(pool, course, before(ask, view.covered, CARDS, TABLE)), classes.classes(pool))),
        Section("over-time", "Over time", tuple(course.charts())),
        Section("capacity", "Tiers, memory, models", (classes.tiers(pool), classes.memory(pool), *classes.models(pool), *classes.slices(pool))),
        Section("people", "Who", tuple(users(pool, models))),
        Section("not-working", "What kept GPUs from work", (hosts.without_primary(pool), *draining.blocks(), prevented.table())),
        *_if_any("trend", "Trend", tuple(trend.blocks())),
        Section("left-out", "Left out", (*hosts.unmatched(pool), hosts.excluded(pool), hosts.hidden(pool))),
        quality_of(ask, view.covered, OF_GPUS, (*checked, *_remarks(pool, prevented))),
        method(pool),
        definitions(view, (*STATES, *RATIOS, *OF_USERS)),
    )  # fmt: skip
    return Document(
        name="pool",
        title=_title(pool),
        finding=_finding(pool),
        period=ask.period,
        parameters=_parameters(parameters, models),
        generated_at=ask.now,
        display_zone=ask.display_zone,
        coverage=view.coverage,
        sections=sections,
        banners=(*banners(ask, view.covered, OF_GPUS), *(note for note in checked if note.level != "ok")),
        ranks={"class": tuple(class_label(name) for name in pool.classes)},
        subject=_subject(pool),
        mail=_MAIL,
    )


def _if_any(id_: str, title: str, blocks: tuple[object, ...]) -> Iterable[Section]:
    return (Section(id_, title, blocks),) if blocks else ()  # type: ignore[arg-type]


def _models(pool: Pool, chosen: Sequence[str]) -> tuple[str, ...]:
    """The models that were chosen and are there; without a choice the most powerful."""
    there = [row["gpu_model"] for row in pool.answers["model"].records() if row["gpu_model"]]
    if chosen:
        return tuple(sorted(name for name in there if any(is_match(gpu_model(text).name, name) for text in chosen)))
    ranked = sorted(
        (row for row in pool.answers["model_memory"].records() if row["gpu_model"]), key=lambda row: _power(pool, row)
    )
    return (ranked[0]["gpu_model"],) if ranked else ()


def _power(pool: Pool, row: "dict[str, Scalar]") -> tuple[float, ...]:
    """Whole GPUs before slices, the first tier first, then the most memory, then the most GPUs."""
    name, capacity = str(row["gpu_model"]), pool.ask.capacity
    tiers = list(capacity.tiers)
    tier = capacity.tier(name)
    is_slice = gpu_model(name).slice_ratio is not None
    memory = capacity.memory.get(str(row["memory_category"]), -1.0)
    return (is_slice, tiers.index(tier) if tier in tiers else len(tiers), -memory, -float(row["present_gpus"] or 0.0))  # type: ignore[arg-type]


def _remarks(pool: Pool, prevented: Prevented) -> Iterable[Note]:
    """What readers of the numbers must know."""
    yield _readings(pool)
    both = pool.value("both_sides_gpus")
    said = f"{words.gpus(both)} GPUs" if both else "No GPU"
    yield Note(
        "both-sides",
        "info",
        "both sides",
        f"{said} held a primary and a secondary job at once; such GPUs count as allocated.",
        "classes",
    )
    if draining := pool.value("draining_gpus"):
        yield Note(
            "draining-jobs",
            "info",
            "draining",
            f"{words.gpus(draining)} drained GPUs still ran a job; they count as allocated or secondary.",
            "draining",
        )
    if sentence := prevented.said():
        yield Note("reasons", "warning", "prevented", sentence, "prevented")


def _readings(pool: Pool) -> Note:
    """How many readings there were of those expected, and when the longest gap was."""
    expected, seen = (
        sum(getattr(source, name) or 0 for source in pool.coverage.sources) for name in ("expected", "seen")
    )
    said = f"{words.count(seen)} of {words.count(expected)} readings that were expected, {words.percent(pool.coverage.covered_ratio or 0.0)} of the time"
    longest = max(pool.view.gaps, key=lambda gap: gap.end - gap.start, default=None)
    if longest is None:
        return Note("readings", "info", "coverage", f"{said}.", "coverage")
    zone = pool.ask.display_zone
    when = f"{words.stamp(longest.start, zone)} to {words.stamp(longest.end, zone)} {zone}"
    length = words.duration((longest.end - longest.start).total_seconds())
    return Note(
        "readings", "info", "coverage", f"{said}; nobody looked from {when} ({length}), the longest gap.", "coverage"
    )


def _title(pool: Pool) -> str:
    clusters = pool.coverage.clusters
    where = f" of {clusters[0]}" if len(clusters) == 1 else ""
    only = "".join(f" where {text}" for text in _filters(pool.ask)[:2])
    return f"GPU pool{where}{only}, {words.of_period(pool.ask.period)}"


def _filters(ask: Ask) -> tuple[str, ...]:
    return tuple(f"{f.column}{f.op}{','.join(name or 'not known' for name in f.values)}" for f in ask.where)


def _finding(pool: Pool) -> str:
    """The report in a few sentences: how many, of what, what is missing."""
    said = [classes.level(pool, pool.total.totals, "GPUs") or "No GPU was reported.", _partly(pool)]
    return " ".join(filter(None, said))


def _partly(pool: Pool) -> str:
    """A period that was observed in part says so at the top: "Readings cover 50 % of June 2026." """
    covered = pool.coverage.covered_ratio or 0.0
    if covered >= _NEARLY_ALL:
        return ""
    period = pool.ask.period
    name = f"the {words.of_period(period)}" if period.kind == "last" else words.of_period(period)
    return f"Readings cover {words.percent(covered)} of {name}; nothing is extrapolated."


def _subject(pool: Pool) -> str:
    """Labelled numbers of the period, the most important first: whole, then classes."""
    ratio, present = pool.total.value("allocated_ratio"), pool.value("present_gpus")
    if ratio is None:
        return "no GPU was reported"
    ratios = pool.answers["class"].of("allocated_ratio")
    parts = [
        f"{short} {words.percent(share)}"
        for name, short in _SHORT.items()
        if (share := ratios.get((name,))) is not None
    ]
    return " · ".join([f"{words.percent(ratio)} of {words.gpus(present)} GPUs allocated", *parts])


def _parameters(parameters: PoolParameters, models: tuple[str, ...]) -> dict[str, Scalar | tuple[str, ...]]:
    said = {name: str(value) if isinstance(value, Path) else value for name, value in parameters.model_dump().items()}
    return {**said, "model": models}


REPORT = Report(
    name="pool",
    title="GPU pool",
    audience="Operators and directors of a pool: how many GPUs were allocated, by class, model and user, and what kept the rest from work.",
    parameters=PoolParameters,
    build=build,
    default_last="24h",
    subject=rows_of(GPU_STATES),
)
