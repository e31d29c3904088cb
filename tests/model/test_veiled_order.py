"""Under pseudonyms no order tells the order of the real names, and what is ranked stays ranked."""

from dataclasses import replace
from datetime import UTC, datetime

from gpuledger.model.chart import Axis, Bar, Bars, Chart, Lines, Series
from gpuledger.model.document import Block, Column, Coverage, Document, Scalar, Section, Table
from gpuledger.model.period import Period
from gpuledger.model.pseudonym import pseudonym, pseudonymised

SALT = b"t" * 32
MAY = Period(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
NAMES = ("ann", "bob", "cy", "dee", "eve", "fay")
USER = Column("user", "User", dimension="user")
HOURS = Column("gpu_hours", "GPU-hours", "gpu_hour", has_bar=True)
JOBS = Column("jobs", "Jobs", "count")


def shown(*names: str) -> list[str]:
    return sorted(pseudonym("user", name, SALT) for name in names)


def document(*blocks: Block, ranks: tuple[str, ...] = ()) -> Document:
    return Document(
        "usage", "t", "f", MAY, {}, MAY.end, "UTC", Coverage(None, None, None, None, ""),
        (Section("s", "S", blocks),), (), {"user": ranks} if ranks else {},
    )  # fmt: skip


def table(*rows: tuple[Scalar, ...], columns: tuple[Column, ...] = (USER, HOURS, JOBS)) -> Table:
    return Table("by-user", "By user", columns, rows)


def rows(made: Table) -> list[tuple[Scalar, ...]]:
    [found] = pseudonymised(document(made), SALT).tables
    return list(found.rows)


def test_the_names_of_these_tests_are_in_another_order_when_shown() -> None:
    assert [pseudonym("user", name, SALT) for name in NAMES] != shown(*NAMES)


def test_names_that_tie_go_by_what_is_shown_and_amounts_stay_ranked() -> None:
    told = table(("zoe", 9.0, 1), *((name, 5.0, number) for number, name in enumerate(NAMES)), ("amy", 1.0, 7))
    made = rows(told)
    assert [row[1] for row in made] == [9.0, *[5.0] * 6, 1.0]
    assert [row[0] for row in made[1:-1]] == shown(*NAMES)
    assert {row[0]: row[2] for row in made} == {pseudonym("user", str(row[0]), SALT): row[2] for row in told.rows}


def test_where_all_tie_all_go_by_what_is_shown() -> None:
    """Whatever another column says by chance: ties are of the column that ranks."""
    made = rows(table(*((name, 5.0, number) for number, name in enumerate(NAMES))))
    assert [row[0] for row in made] == shown(*NAMES)


def test_a_table_in_the_order_of_names_goes_by_what_is_shown() -> None:
    mixed = (3, 1, 2, 5, 4, 0)
    told = table(*zip(NAMES, mixed, strict=True), columns=(USER, JOBS))
    assert [row[0] for row in rows(told)] == shown(*NAMES)


def test_a_table_of_hosts_stays_in_the_order_of_hosts() -> None:
    hosts = ("c1", "c2", "c10", "c11")
    told = table(*zip(hosts, ("b", "a", "b", "c"), strict=True), columns=(Column("host", "Host"), USER))
    assert [row[0] for row in rows(told)] == list(hosts)


def test_within_a_queue_names_go_by_what_is_shown() -> None:
    queue = Column("queue", "Queue")
    told = table(*(("a", name, 0) for name in NAMES), ("b", "ann", 1), columns=(queue, USER, JOBS))
    made = rows(told)
    assert [row[1] for row in made[:6]] == shown(*NAMES)
    assert made[6][0] == "b"


def test_series_bars_and_colours_that_tie_go_by_what_is_shown() -> None:
    series = (*(Series(name, name, (1.0, 1.0)) for name in NAMES), Series("others", "3 others", (9.0, 9.0)))
    lines = Chart(
        "l", "L", "", Axis(""), Axis(""), Lines("area", True, (Series("zoe", "zoe", (5.0,)), *series)), "user"
    )
    bars = tuple(Bar(name, name, ((name, 2.0),), "") for name in NAMES)
    ranked = Chart("b", "B", "", Axis(""), Axis(""), Bars((Bar("zoe", "zoe", (("zoe", 3.0),), ""), *bars)), "user")
    told = table(("zoe", 9.0, 1), *((name, 5.0, 0) for name in NAMES))
    made = pseudonymised(document(lines, ranked, told, ranks=("zoe", *NAMES)), SALT)
    wanted = [pseudonym("user", "zoe", SALT), *shown(*NAMES)]
    first, second = (chart.shape for chart in made.charts)
    assert isinstance(first, Lines)
    assert isinstance(second, Bars)
    assert [one.key for one in first.series] == [*wanted, "others"]
    assert [one.key for one in second.bars] == wanted
    assert list(made.ranks["user"]) == wanted


def test_a_chart_of_queues_is_as_it_was() -> None:
    series = tuple(Series(name, name, (1.0,)) for name in ("b", "a", "c"))
    chart = Chart("l", "L", "", Axis(""), Axis(""), Lines("line", False, series), "queue")
    told = replace(document(chart), ranks={"queue": ("b", "a")})
    assert pseudonymised(told, SALT) == told
