"""Data on the way: bytes, time and rates, by site and job type, over time, and what was slow or failed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics.workflows.names import Names
from gpuledger.model.chart import Axis, Chart, Lines, Series
from gpuledger.model.document import Block, Column, Scalar, Table, Text
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.course import Course
from gpuledger.reports._experiment.scene import GIB, Scene
from gpuledger.reports._experiment.shapes import Said, at, bars, box, boxes, first_of, median, over_time

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats

MIB = 2.0**20
_NONE = "The input tells of no transfer times."
_NO_REQUEST = "HTCondor has no request for bandwidth, so there is none to compare the rates with."


def blocks(scene: Scene, slow_seconds: float) -> Iterator[Block]:
    tries = scene.tries
    if not _is_told(scene):
        yield Text("transfers-not-collected", f"{_NONE} {_NO_REQUEST}")
        return
    site = tries.names["site"]
    found = site.of_each(tries["transfer_in_seconds"], tries.is_inside)
    names = [name for name in scene.sites if scene.by_site[name].attempts]
    if any(len(found[name]) for name in names):
        said = Said(
            "transfer-in-by-site",
            "Time of input transfers by site",
            _finding(scene),
            _NONE,
            "Attempts that went on to execute",
        )
        yield boxes(scene, said, "second", [box(name, name, np.maximum(found[name], 1.0)) for name in names], "site")
    yield from _out(scene)
    yield from _data(scene)
    yield _table(scene, "transfers-by-site", "Transfers by site", "Site", site, "site")
    yield _table(scene, "transfers-by-job-type", "Transfers by job type", "Job type", tries.names["node_type"], None)
    yield from _bytes_over_time(scene)
    yield from _seconds_over_time(scene)
    yield _slow(scene, slow_seconds)
    yield Text("bandwidth", _NO_REQUEST)


def _out(scene: Scene) -> Iterator[Chart]:
    """How long output was on the way, where that is told."""
    tries = scene.tries
    found = tries.names["site"].of_each(tries["transfer_out_seconds"], tries.is_inside)
    every = np.concatenate([found[name] for name in scene.sites]) if scene.sites else np.zeros(0)
    if not len(every):
        return
    said = Said(
        "transfer-out-by-site", "Time of output transfers by site",
        f"{words.amount(float(every.sum()) / 3600)} h in {words.plural(len(every), 'output transfer')}.", _NONE, "Attempts that tell it",
    )  # fmt: skip
    yield boxes(scene, said, "second", [box(name, name, np.maximum(found[name], 1.0)) for name in scene.sites], "site")


def _data(scene: Scene) -> Iterator[Chart]:
    """Bytes to jobs of each site; those from jobs in words."""
    site, columns = scene.tries.names["site"], _columns(scene, scene.tries.names["site"])
    amounts = {name: _cell(columns["sent"], site.labels.index(name)) for name in scene.sites}
    if all(amount is None for amount in amounts.values()):
        return
    told = {name: (amount or 0.0) / GIB for name, amount in amounts.items()}
    back = {name: (_cell(columns["received"], site.labels.index(name)) or 0.0) / GIB for name in told}
    whole, gib, gib_back = sum(told.values()), words.amounts(told.values()), words.amounts(back.values())
    said = Said(
        "data-by-site", "Data sent to jobs by site", f"{words.amount(whole)} GiB to jobs, {words.amount(sum(back.values()))} GiB from them.",
        _NONE, "GiB to jobs, share, GiB from them",
    )  # fmt: skip

    def worded(amount: float, name: str) -> str:
        if amounts.get(name, 0.0) is None:
            return "not told"
        share = words.percent(amount / whole) if whole else "0"
        return f"{gib(amount)} GiB · {share} · {gib_back(back.get(name, 0.0))} GiB back"

    yield bars(scene, said, "site", told, worded)


def _is_told(scene: Scene) -> bool:
    columns = ("transfer_in_seconds", "transfer_out_seconds", "failed_transfer_seconds", "sent_bytes", "received_bytes")
    return any(bool(np.any(~np.isnan(scene.tries[name]))) for name in columns)


def _finding(scene: Scene) -> str:
    tries = scene.tries
    good, failed = (_sum(scene, tries[name]) / 3600 for name in ("transfer_in_seconds", "failed_transfer_seconds"))
    said = f"{words.amount(good)} h of input transfers were followed by a run"
    if np.isnan(tries["failed_transfer_seconds"]).all():
        return f"{said}; none in vain is told."
    return f"{said}, {words.amount(failed)} h were in vain."


def _sum(scene: Scene, column: "Floats") -> float:
    return float(np.nansum(np.where(scene.tries.is_inside, column, 0.0)))


def _table(scene: Scene, id_: str, title: str, label: str, names: Names, dimension: str | None) -> Table:
    """Bytes to and from jobs, hours, and the rate: bytes ÷ seconds of the attempts that tell both."""
    columns = _columns(scene, names)
    size = len(names.labels)
    order = sorted(
        range(size), key=lambda n: (*(-np.nan_to_num(columns[key][n]) for key in ("sent", "in_hours")), names.labels[n])
    )
    there = [n for n in order if names.sums(scene.inside)[n]]
    medians = dict(enumerate(names.of_each(scene.tries["transfer_in_seconds"], scene.tries.is_inside).values()))
    rows = [
        (names.labels[n], *(_cell(columns[key], n) for key in columns), median(medians[n]), at(medians[n], 90))
        for n in there
    ]
    every = np.sort(
        scene.tries["transfer_in_seconds"][scene.tries.is_inside & ~np.isnan(scene.tries["transfer_in_seconds"])]
    )
    whole = _columns(scene, Names(np.zeros(len(names), dtype=np.int64), ("All",)))
    return Table(
        id=id_, title=title,
        columns=(
            Column("name", label, dimension=dimension), Column("sent", "To jobs", "byte", has_bar=True, rank=1, meaning="Input of every attempt (Run Bytes Received By Job)."),
            Column("received", "From jobs", "byte", meaning="Output of every attempt (Run Bytes Sent By Job)."),
            Column("in_hours", "Input hours", "hour"), Column("in_count", "Inputs", "count"), Column("failed_hours", "In vain, hours", "hour"),
            Column("failed_count", "In vain", "count"), Column("out_hours", "Output hours", "hour"),
            Column("in_rate", "Input rate, MiB/s", "gpu", meaning="Bytes ÷ seconds of attempts that tell both."),
            Column("out_rate", "Output rate, MiB/s", "gpu"), Column("median", "Median input", "second"), Column("p90", "90 %", "second"),
        ),
        rows=tuple(rows[: scene.rows]), totals=("All", *(_cell(whole[key], 0) for key in whole), median(every), at(every, 90)),
        finding=_finding(scene),
        foot="Bytes are of each attempt alone (Run Bytes), also of attempts that were evicted; the earlier tool's tables tell those of the job up to then (Total Bytes). “–”: not told.",
        left_out=first_of(scene.rows, len(rows)),
    )  # fmt: skip


def _cell(column: "Floats", place: int) -> float | None:
    value = float(column[place])
    return None if np.isnan(value) else value


def _columns(scene: Scene, names: Names) -> "dict[str, Floats]":
    tries, inside = scene.tries, scene.tries.is_inside
    into, out, failed = (
        np.where(inside, tries[key], np.nan)
        for key in ("transfer_in_seconds", "transfer_out_seconds", "failed_transfer_seconds")
    )
    sent, received = (np.where(inside, tries[key], np.nan) for key in ("sent_bytes", "received_bytes"))
    return {
        "sent": _told(names, sent), "received": _told(names, received), "in_hours": _told(names, into) / 3600,
        "in_count": names.sums(~np.isnan(into)), "failed_hours": _told(names, failed) / 3600, "failed_count": names.sums(~np.isnan(failed)),
        "out_hours": _told(names, out) / 3600, "in_rate": _rate(names, sent, into), "out_rate": _rate(names, received, out),
    }  # fmt: skip


def _told(names: Names, amounts: "Floats") -> "Floats":
    """Σ by name; not a number where no attempt tells it: that is not zero."""
    sums: Floats = np.where(names.sums(~np.isnan(amounts)) > 0, names.sums(amounts), np.nan)
    return sums


def _rate(names: Names, data: "Floats", seconds: "Floats") -> "Floats":
    """MiB per second; not a number where nobody tells both."""
    both = ~np.isnan(data) & (seconds > 0)
    moved, lasted = names.sums(np.where(both, data, 0.0)), names.sums(np.where(both, seconds, 0.0))
    rate: Floats = np.divide(moved / MIB, lasted, out=np.full(len(moved), np.nan), where=lasted > 0)
    return rate


def _bytes_over_time(scene: Scene) -> Iterator[Chart]:
    """Bytes to jobs by site, at the end of each attempt."""
    tries, course = scene.tries, Course.of(scene)
    sent = np.where(tries.is_inside, tries["sent_bytes"], np.nan) / GIB
    if not np.nansum(sent):
        return
    held = course.counted(tries["ended_us"], sent)
    said = Said(
        "data-over-time", f"Data sent to jobs by site, sums of {course.word}", f"{words.amount(float(np.nansum(sent)) / 1024)} TiB were sent.",
        "", course.foot("At the end of each attempt"),
    )  # fmt: skip
    yield over_time(
        scene,
        said,
        course.edges[:-1],
        Lines("bar", True, course.series(held), course.seconds, total_unit="gib"),
        Axis("Data sent to jobs", unit="gib"),
    )


def _seconds_over_time(scene: Scene) -> Iterator[Chart]:
    """Median time of an input transfer by site."""
    tries, course = scene.tries, Course.of(scene)
    into = tries["transfer_in_seconds"]
    known = tries.is_inside & ~np.isnan(into) & ~np.isnan(tries["started_us"])
    if not known.any():
        return
    bins = course.places(tries["started_us"])
    site = tries.names["site"]
    found = []
    for name in scene.sites:
        here = known & (site.codes == site.labels.index(name)) & (bins >= 0)
        values = [into[here & (bins == n)] for n in range(len(course.edges) - 1)] if here.any() else []
        if values:
            found.append(Series(name, name, tuple(median(v) for v in values)))
    said = Said(
        "transfer-in-over-time",
        f"Time of input transfers by site, median of {course.word}",
        _finding(scene),
        "",
        course.foot("At the start of each attempt"),
    )
    yield over_time(
        scene,
        said,
        course.edges[:-1],
        Lines("points", False, tuple(found), course.seconds),
        Axis("Input transfer", unit="second"),
    )


def _slow(scene: Scene, slow_seconds: float) -> Table:
    """Input transfers longer than the limit, those in vain among them."""
    tries, names = scene.tries, scene.tries.names
    took = np.fmax(tries["transfer_in_seconds"], tries["failed_transfer_seconds"])
    slow = np.flatnonzero(tries.is_inside & (took > slow_seconds))
    order = slow[np.argsort(-took[slow], kind="stable")].tolist()
    columns = (
        Column("node", "Node"), Column("job_id", "Job"), Column("site", "Site", dimension="site"), Column("host", "Host"),
        Column("seconds", "Input transfer", "second", rank=1), Column("sent", "To job", "byte"), Column("result", "Then"), Column("at", "Began", "instant"),
    )  # fmt: skip
    limit = words.duration(slow_seconds)
    return Table(
        id="slow-transfers", title=f"Input transfers longer than {limit}", columns=columns,
        rows=tuple(_slow_row(scene, row, float(took[row]), names) for row in order[: scene.rows]),
        finding=f"{words.plural(len(order), 'input transfer')} took longer than {limit}, {words.amount(float(took[slow].sum()) / 3600)} h together.",
        left_out=first_of(scene.rows, len(order)),
        empty=f"No input transfer took longer than {limit}.",
    )  # fmt: skip


def _slow_row(scene: Scene, row: int, took: float, names: "dict[str, Names] | object") -> tuple[Scalar, ...]:
    tries = scene.tries
    node, job, site, host = (
        tries.names[key].labels[tries.names[key].codes[row]] for key in ("node_name", "job_id", "site", "host")
    )
    sent, began = float(tries["sent_bytes"][row]), float(tries.began_us[row])
    return (
        node, job, site, host, took, None if np.isnan(sent) else sent, "executed" if tries.is_executed[row] else "in vain",
        None if np.isnan(began) else scene.ask.period.start + timedelta(microseconds=began),
    )  # fmt: skip
