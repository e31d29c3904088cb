"""Documents to draw: a full usage report of an invented site, and the edges of what a Document can hold."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from gpuledger.model.chart import (
    Axis,
    Box,
    Boxes,
    Chart,
    Gap,
    Grid,
    GridGroup,
    GridRow,
    Histogram,
    Lines,
    Mark,
    Series,
    Span,
    Spans,
)
from gpuledger.model.document import (
    Block,
    Column,
    Comparison,
    Coverage,
    Definitions,
    Document,
    Lane,
    Measured,
    Note,
    Number,
    Numbers,
    Quality,
    Section,
    Table,
    Text,
)
from gpuledger.model.period import Period

START = datetime(2026, 10, 17, 14, tzinfo=UTC)
END = datetime(2026, 11, 16, 14, tzinfo=UTC)
PERIOD = Period(START, END, "UTC", "last")
GAP = Gap(datetime(2026, 11, 3, 18, tzinfo=UTC), datetime(2026, 11, 4, 0, tzinfo=UTC))
NAMES = ("okafor", "lindqvist", "tanaka", "rossi", "haddad", "petrova", "nguyen", "alvarez", "mbeki", "svc-train",
         "kim", "oyelaran")  # fmt: skip
HOSTILE = (
    "<b>&\"'",
    "</script><script>document.title='pwned'</script>",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+1", "-1", "@SUM(A1)", "\tcmd", "\rcmd",
    "\x1b[31mred\x1b[0m\x07",
    "$x^2$ \\frac{1}{2}",
    "أحمد",
    "‮gnp.exe",
    "名前🙂",
    "a" * 300,
    "{{ 7 * 7 }}",
    "../../etc/passwd",
    "new\nline",
)  # fmt: skip


def stacked(
    name: str, title: str, scale: float, unit: str = "", names: tuple[str, ...] = NAMES, **more: object
) -> Chart:
    """A chart of 6-hour means, one band per name, with a gap and a last bin that is not over."""
    rng = random.Random(name)
    count = 120
    left = tuple(START + timedelta(hours=6 * i) for i in range(count))
    hole = [GAP.start <= moment < GAP.end for moment in left]
    series = []
    for rank, user in enumerate((*names, "others")):
        level, values = scale / (rank + 2), []
        for i in range(count):
            if rng.random() < 0.12:
                level = scale / (rank + 2) * rng.choice((0, 0.4, 0.8, 1, 1.3))
            values.append(None if hole[i] else round(level * rng.uniform(0.85, 1.15), 2))
        label = "17 others" if user == "others" else user
        series.append(Series(user, label, tuple(values), total=sum(v or 0 for v in values) * 6))
    shape = Lines("area", True, tuple(series), 21_600.0, count - 1, "gpu_hour")
    return Chart(
        name,
        title,
        "60 or more of the 64 GPUs were in use in 25 of 714 covered hours.",
        Axis("time", kind="time", values=left, zone="UTC"),
        Axis(title, unit),
        shape,
        "user",
        "mean 40.9 · peak 62.0 (96.9 % of limit)",
        "QoS physics on hpg · 17 Oct 14:00 – 16 Nov 14:00 UTC · 99.2 % covered, longest gap 6 h on 3 Nov",
        gaps=(GAP,),
        **more,  # type: ignore[arg-type]
    )


def numbers() -> Numbers:
    """Six cards: compared, better, worse, measured in part, and one not known."""
    rng = random.Random(3)
    spark = tuple(rng.uniform(20, 60) for _ in range(30))
    before = "vs previous 30 d"
    return Numbers("numbers", "Key numbers", (
        Number("gpu-hours", "GPU-hours", 29_197.2, "gpu_hour", "Hours of GPUs held", comparison=Comparison(0.083, "ratio", "none", before), spark=spark),
        Number("limit-share", "Share of the limit used", 0.639, "ratio", better="high", comparison=Comparison(0.041, "point", "better", before), spark=spark[::-1]),
        Number("gpu-busy", "GPU busy while held", 0.679, "ratio", better="high", comparison=Comparison(-0.027, "point", "worse", before), measured=Measured(0.945, "DCGM")),
        Number("idle-gpu-hours", "Idle GPU-hours", 3857.4, "gpu_hour", better="low", comparison=Comparison(-0.121, "ratio", "better", before), measured=Measured(0.945, "DCGM")),
        Number("wait-median", "Median wait", 1260.0, "second", better="low", comparison=Comparison(0.46, "ratio", "worse", before), spark=(1.0, None, 3.0, 2.0)),
        Number("cost", "Cost", None, "money", reason="no price for H200 from 1 Nov 2026"),
    ))  # fmt: skip


USER_COLUMNS = (
    Column("user", "User", dimension="user"),
    Column("gpu_hours", "GPU-hours", "gpu_hour", has_bar=True, meaning="GPUs held, times hours"),
    Column("share", "Share", "ratio", is_share=True),
    Column("gpus_now", "GPUs now", "gpu"),
    Column("gpu_busy_ratio", "GPU busy", "ratio"),
    Column("idle_gpu_hours", "Idle GPU-hours", "gpu_hour"),
    Column("cpu_hours", "CPU-hours", "hour"),
    Column("memory_gib_hours", "Memory GiB-hours", "count"),
    Column("jobs", "Jobs", "count"),
    Column("wait_median_seconds", "Median wait", "second"),
    Column("last_seen_at", "Last job", "instant"),
)


def users(names: tuple[str, ...] = NAMES) -> Table:
    """Usage by user: totals, others, nulls and quiet zeros."""
    rng = random.Random(5)
    rows = []
    for rank, name in enumerate(names):
        hours = 6472.0 / (1 + rank * 0.8)
        busy = None if name in ("mbeki", "kim") else rng.uniform(0.2, 0.95)
        idle = None if busy is None else hours * (1 - busy) / 2
        now = 0.0 if rank % 4 == 2 else float(24 - 2 * rank if rank < 12 else 0)
        seen = END - timedelta(hours=rank * 7 + 1) if rank < 20 else None
        rows.append(
            (name, hours, hours / 29197.2, now, busy, idle, hours * 8, hours * 64, 1504 - rank, 60.0 * rank, seen)
        )
    totals = ("All 29 users", 29197.2, 1.0, 62.0, 0.679, 3857.4, 314_251.0, 2_261_684.0, 5344, 1260.0, END)
    others = ("17 others", 1765.0, 0.06, 2.0, 0.48, 180.0, 15_885.0, 105_900.0, 611, 2100.0, None)
    foot = (
        "“–” means not collected, never zero. “GPU busy” is DCGM SM active; measured for 94.5 % of the GPU-hours held."
    )
    return Table("usage-by-user", "Usage by user", USER_COLUMNS, tuple(rows), totals, others, foot=foot)


def quality() -> Quality:
    """Three sources, one of which began late."""
    lanes = (
        Lane("sacct", ((GAP.start, GAP.end),), 0.992, "every 10 min"),
        Lane("squeue", ((datetime(2026, 10, 21, 3, tzinfo=UTC), datetime(2026, 10, 21, 7, tzinfo=UTC)), (GAP.start, GAP.end)), 0.979, "every 5 min"),
        Lane("dcgm", ((START, datetime(2026, 10, 26, 4, tzinfo=UTC)),), 0.714, "every 30 s"),
        Lane("nvml", ((START, END),), None, ""),
    )  # fmt: skip
    finding = "8,568 of 8,640 snapshots · longest gap 6 h from 3 Nov 18:00"
    return Quality(
        "data-quality", "Data quality", lanes, finding, "Sums count observed time only; nothing is extrapolated."
    )


def waits() -> Chart:
    """Boxes on a log axis, a group of points and a group of none."""
    rng = random.Random(9)
    boxes = []
    for rank, name in enumerate(("a100", "h100", "l40s", "short", "never")):
        values = sorted(rng.lognormvariate(7 + rank / 3, 1) for _ in range(200))
        if name == "never":
            boxes.append(Box(name, name, 0, None, None, None, None, None))
        elif name == "short":
            boxes.append(Box(name, name, 3, None, None, None, None, None, outliers=(300.0, 900.0, 4000.0)))
        else:
            five = [values[i] for i in (10, 50, 100, 150, 190)]
            boxes.append(Box(name, name, 200, *five, outliers=tuple(values[:10] + values[190:])))
    return Chart("wait-by-queue", "Wait by queue", "The median job waits 21 min; l40s waits longest.", Axis("wait", "second", is_log=True),
                 Axis("queue", kind="category"), Boxes(tuple(boxes)), foot="Box: median and quartiles; whiskers: 5th and 95th percentile.")  # fmt: skip


def temperatures() -> Chart:
    """Two panels over one axis with two reference lines."""
    edges = tuple(float(v) for v in range(60, 101, 2))
    hot = tuple(float(round(700 * 2.718 ** (-((e - 87) ** 2) / 18))) for e in edges[:-1])
    failed = tuple(float(round(80 * 2.718 ** (-((e - 72) ** 2) / 40))) for e in edges[:-1])
    shape = Histogram(
        edges,
        (
            Series("throttled", "throttled", hot, total=2300.0),
            Series("failed", "thermally failed", failed, total=580.0),
        ),
    )
    return Chart("temperatures", "GPU temperature at a thermal event, by kind", "Throttling sits at the limit; most failures happen far below it, which points to cooling and not to load.",
                 Axis("temperature", "celsius"), Axis("events", "count"), shape, marks=(Mark("x", 87.0, "slowdown 87 °C"), Mark("x", 92.0, "shutdown 92 °C")), foot="Bins of 2 °C, left edge included. Each panel has its own scale.")  # fmt: skip


def states() -> Chart:
    """State lanes of 48 GPUs in two groups."""
    rng = random.Random(2)
    rows = []
    for index in range(48):
        codes = ""
        while len(codes) < 120:
            codes += rng.choice("PPPPSIDVO") * rng.randint(2, 24)
        codes = codes[:68] + "N" * 3 + codes[71:120]
        rows.append(
            GridRow(
                f"gpu{2000 + index // 8} / GPU {index % 8}", "NVIDIA H200" if index < 24 else "NVIDIA L40S", codes=codes
            )
        )
    left = tuple(START + timedelta(hours=6 * i) for i in range(120))
    kinds = ("primary", "secondary", "idle", "owner", "drained", "prevented", "no_data")
    return Chart("states", "What each GPU was doing", "48 GPUs on 6 hosts; one line per GPU.", Axis("time", kind="time", values=left, zone="UTC"), Axis("GPU", kind="category"), Grid(tuple(rows), kinds), foot="A column shows the state held longest in it.")  # fmt: skip


PARTS = ("primary", "secondary", "owner", "prevented", "drained", "idle")


def parts() -> Chart:
    """GPUs of a pool by what they did: stacked steps in the colours of the states, with a gap and a last bin not over."""
    rng = random.Random(6)
    count, most = 160, 281.0
    left = tuple(START + timedelta(hours=4.5 * i) for i in range(count))
    values: dict[str, list[float | None]] = {part: [] for part in PARTS}
    for moment in left:
        if GAP.start <= moment < GAP.end:
            for part in PARTS:
                values[part].append(None)
            continue
        shares = dict(zip(PARTS, (0.6 + rng.uniform(-0.1, 0.1), 0.12, 0.02, 0.04, 0.03, 0.0), strict=True))
        shares["idle"] = 1 - sum(shares.values())
        for part, share in shares.items():
            values[part].append(share * most)
    labels = {
        "primary": "primary",
        "secondary": "secondary",
        "owner": "owner",
        "prevented": "prevented",
        "drained": "drained",
        "idle": "idle",
    }
    series = tuple(
        Series(part, labels[part], tuple(values[part]), total=sum(v or 0 for v in values[part]) * 4.5) for part in PARTS
    )
    return Chart("parts", "GPUs by what they did, mean of 4.5 hours", "172 of 281 GPUs had a primary job on average, 26 stood idle.",
                 Axis("time", kind="time", values=left, zone="UTC"), Axis("GPUs", "gpu"), Lines("area", True, series, 16_200.0, count - 1, "gpu_hour"), "part",
                 "mean present 281.0", "All classes · 17 Oct 14:00 – 16 Nov 14:00 UTC · 99.2 % covered", gaps=(GAP,))  # fmt: skip


def pool_states(gpus: int = 850, columns: int = 480) -> Chart:
    """State lanes of a whole pool, grouped by model, with shares."""
    rng = random.Random(12)
    models = ("NVIDIA H200", "NVIDIA A100-SXM4-80GB", "NVIDIA L40S", "NVIDIA RTX A6000")
    kinds = ("primary", "secondary", "idle", "owner", "drained", "prevented", "no_data")
    rows = []
    for index in range(gpus):
        codes = ""
        while len(codes) < columns:
            codes += rng.choices("PSIDVO", (60, 14, 20, 1, 1, 1))[0] * min(40, 1 + int(rng.expovariate(1 / 16)))
        codes = codes[:300] + "N" * 6 + codes[306:columns]
        rows.append(
            GridRow(f"gpu{2000 + index // 8} / GPU {index % 8}", models[index * len(models) // gpus], codes=codes)
        )
    shares = (
        ("primary", 0.692),
        ("secondary", 0.139),
        ("owner", 0.003),
        ("prevented", 0.0),
        ("drained", 0.003),
        ("idle", 0.163),
    )
    groups = tuple(
        GridGroup(
            model,
            f"{sum(r.group == model for r in rows)} GPUs on {sum(r.group == model for r in rows) // 8} hosts",
            shares,
        )
        for model in models
    )
    left = tuple(START + timedelta(hours=1.5 * i) for i in range(columns))
    return Chart("pool-states", "What each GPU was doing", f"{gpus} GPUs; one line per GPU, a column is 1 h 30 min.", Axis("time", kind="time", values=left, zone="UTC"), Axis("GPU", kind="category"), Grid(tuple(rows), kinds, groups), foot="A column shows the state held longest in it.")  # fmt: skip


def long_drains() -> Chart:
    """Drains as a pool reports them: GPU-hours and reason at the right, longest first, two still open, a host drained twice."""
    at = lambda d, h: datetime(2026, 11, d, h, tzinfo=UTC)  # noqa: E731
    told = (
        ("lab2079.chtc.example.edu", 1, 12, at(5, 18), 816.0, "kernel update"), ("reserve2080", 2, 6, at(4, 19), 492.0, "owner request"),
        ("gpu2026", 3, 21, at(6, 7), 468.0, "ECC errors"), ("reserve2002", 7, 3, at(8, 17), 300.25, '<b>fan</b> & "PSU"'),
        ("gpu2009", 15, 7, None, 248.0, "GPU 5 off the bus (XID 79), ticket INF-3809 with the vendor since 12 Nov, spare part on its way"),
        ("lab2036", 5, 20, at(5, 23), 3.0, ""), ("gpu2031", 16, 13, None, 8.0, ""),
    )  # fmt: skip
    spans = [Span(host, at(d, h), end, "drained", reason) for host, d, h, end, _, reason in told]
    spans.insert(0, Span("gpu2026", at(1, 2), at(1, 20), "drained", "ECC errors"))
    shape = Spans(tuple(one[0] for one in told), tuple(spans), tuple(one[4] for one in told), "gpu_hour")
    return Chart("long-drains", "Drained hosts, longest first", "8 drains of 7 hosts took 2,335 GPU-h; 2 are still open.", Axis("time", kind="time", values=(START, END), zone="UTC"), Axis("host", kind="category"), shape, foot="One lane per host. GPU-hours = GPUs × time.", gaps=(GAP,))  # fmt: skip


def pool() -> Document:
    """What a pool's report draws: parts over time, drains, lanes of every GPU, a trend with its uncertainty, the coverage strip."""
    blocks: tuple[Block, ...] = (numbers(), parts(), long_drains(), pool_states(), rates(), quality())
    return replace(document("pool", "GPU pool, last 30 days", (Section("all", "Pool", blocks),)),
                   subject="allocated 61.2 % of 281 GPUs · open 88.0 %", mail=("numbers", "parts", "long-drains"))  # fmt: skip


def heat() -> Chart:
    """Events by host and day, with zeros and days nobody looked."""
    rng = random.Random(4)
    days = tuple(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=i) for i in range(14))
    rows = tuple(
        GridRow(
            f"node{n:03d}", values=tuple(None if i == 5 else float(rng.choice((0, 0, 1, 3, 7, 12))) for i in range(14))
        )
        for n in range(8)
    )
    return Chart("events-by-day", "Throttling events by host and day", "node003 throttled on 9 of 13 days.", Axis("day", kind="time", values=days, zone="UTC"), Axis("events", "count"), Grid(rows))  # fmt: skip


def drains() -> Chart:
    """Intervals, one of them still open, with hostile reasons."""
    at = lambda d, h: datetime(2026, 11, d, h, tzinfo=UTC)  # noqa: E731
    spans = (
        Span("lab2079", at(1, 12), at(5, 18), "drained", "kernel update"),
        Span("reserve2002", at(7, 3), at(8, 17), "drained", '<b>fan</b> & "PSU"'),
        Span("gpu2009", at(15, 7), None, "drained", "GPU 5 off the bus (XID 79)"),
        Span("lab2036", at(5, 20), at(6, 17), "prevented", "a very long reason that does not fit beside its bar"),
    )
    return Chart("drains", "Drained hosts, longest first", "4 drains took 1,200 GPU-h; 1 is still open.", Axis("time", kind="time", values=(START, END), zone="UTC"), Axis("host", kind="category"), Spans(tuple(s.row for s in spans), spans), gaps=(GAP,))  # fmt: skip


def rates() -> Chart:
    """Three lines with a band and a hole."""
    days = tuple(datetime(2026, 10, 18, tzinfo=UTC) + timedelta(days=i) for i in range(29))
    rng = random.Random(8)
    series = []
    for k, name in enumerate(("gpu", "short", "a long queue name that is cut")):
        values = tuple(None if 10 <= i < 13 else min(1.0, 0.5 + k * 0.15 + rng.uniform(-0.1, 0.1)) for i in range(29))
        band = {"low": tuple(None if v is None else v - 0.05 for v in values), "high": tuple(None if v is None else v + 0.05 for v in values)} if k == 0 else {}  # fmt: skip
        series.append(Series(name, name, values, **band, total=values[-1]))
    return Chart("success-by-queue", "Attempts that succeeded, by queue and day", "gpu succeeds least.", Axis("day", kind="time", values=days, zone="UTC"), Axis("success", "ratio"), Lines("line", False, tuple(series), 86_400.0, total_unit="ratio"), gaps=(Gap(days[10], days[13]),))  # fmt: skip


def hours() -> Chart:
    """Bars of one measure over categories."""
    values = tuple(float(10 + (i * 7) % 13) for i in range(24))
    return Chart("starts-by-hour", "Jobs started by hour of day", "Most jobs start at 9.", Axis("hour", kind="category", values=tuple(f"{h:02d}" for h in range(24))), Axis("jobs", "count"), Lines("bar", False, (Series("jobs", "jobs", values),)))  # fmt: skip


def wait_classes() -> Chart:
    """Few bars with names too long for a phone."""
    names = (
        "under 1 min",
        "1 to 5 min",
        "5 to 15 min",
        "15 to 60 min",
        "1 to 4 h",
        "4 to 12 h",
        "12 to 24 h",
        "1 to 3 d",
        "3 d or more",
    )
    values = (6282.0, 39.0, 81.0, 301.0, 510.0, 640.0, 391.0, 160.0, 40.0)
    return Chart("wait-classes", "Attempts started, by how long they waited", "Half waited less than 11 s.", Axis("wait", kind="category", values=names), Axis("attempts", "count"), Lines("bar", False, (Series("attempts", "attempts", values),)))  # fmt: skip


BANNERS = (
    Note("stale", "stale", "freshness", "The newest data is 3 h 10 min old.", "Last snapshot 16 Nov 14:00 UTC, one is expected every 5 min."),
    Note("telemetry", "warning", "part failed", "GPU telemetry could not be loaded.", "“GPU busy” and “Idle GPU-hours” are of 14:00."),
)  # fmt: skip


def usage(banners: tuple[Note, ...] = ()) -> Document:
    """The full report of the target picture."""
    limit = (Mark("y", 64.0, "limit 64"),)
    over_time = (
        stacked("gpus-in-use", "GPUs in use by user, mean of 6 hours", 16, "gpu", marks=limit),
        stacked("cpus-in-use", "CPUs in use", 120, "count", marks=(Mark("y", 1024.0, "limit 1,024"),)),
        stacked("memory-in-use", "Memory in use", 900, "gib", marks=(Mark("y", 60_000.0, "limit 60,000"),)),
        stacked("jobs-running", "Jobs running", 7, "count"),
    )
    checks = (
        Note("users-add-up", "ok", "sums", "The users add up to the QoS."),
        Note("silent-hosts", "warning", "hosts", "8 hosts have been silent for more than a day; their GPUs are “no data”, not idle.", "data-quality"),
    )  # fmt: skip
    definitions = Definitions("definitions", "Definitions in force", (("GPU-hours", "GPU-h", "GPUs held by an attempt, times the hours inside the period."), ("GPU busy", "%", "Share of the time a GPU did work.")))  # fmt: skip
    text = Text(
        "about",
        "Only jobs of the QoS physics are counted.\n- Times are UTC.\n- Sums are of covered time.",
        "About this report",
    )
    sections = (
        Section("overview", "Overview", (numbers(),)),
        Section("over-time", "Usage over time", over_time),
        Section("who", "Who", (users(),)),
        Section("waits", "Waits and outcomes", (waits(), rates())),
        Section("quality", "Data quality", (quality(), *checks, text, definitions)),
    )
    return document("usage", "QoS physics, last 30 days", sections, banners)


def document(name: str, title: str, sections: tuple[Section, ...], banners: tuple[Note, ...] = ()) -> Document:
    """A Document around `sections`."""
    return Document(
        name, title, "okafor used 22.2 % of the GPU-hours, the first three 53.8 %.", PERIOD, {"by": "user", "qos": ("physics",), "top": 12, "limit": None},
        datetime(2026, 11, 16, 14, 4, tzinfo=UTC), "UTC",
        Coverage(8640, 8568, 0.992, 21_600.0, "99.2 % covered, longest gap 6 h on 3 Nov"), sections, banners, {"user": NAMES},
    )  # fmt: skip


def shapes() -> Document:
    """One chart of each shape and style."""
    blocks = (temperatures(), states(), heat(), drains(), hours(), wait_classes())
    return document("shapes", "Every shape", (Section("all", "Shapes", blocks),))


def rankings() -> Document:
    """A table of 28 rows, one of 51, one of long words, and a sum over a period seen in part."""
    reasons = Table("reasons", "Refused input rows", (Column("reason", "Reason"), Column("source", "Source"), Column("rows", "Rows", "count")),
                    (("5 columns instead of 35 as the header of the file says", "slurm accounting of the first cluster", 1), ("Unmeasured GPU-hours", "slurm", 2)))  # fmt: skip
    part = Number("gpu-hours", "GPU-hours", 46_072.0, "gpu_hour", unit="GPU-h of 0.1 % observed")
    blocks = (Numbers("cards", "Numbers", (part,) * 6), users(tuple(f"user{n:03d}" for n in range(28))),
              replace(users(tuple(f"user{n:03d}" for n in range(51))), id="tall", title="Usage by user, all"), reasons)  # fmt: skip
    many = tuple(Section(f"part-{n}", f"Part {n} of it", ()) for n in range(9))
    return document("rankings", "Rankings", (Section("all", "Rankings", blocks), *many))


def hostile() -> Document:
    """Every text that a person, a shell, a spreadsheet or a browser could trip over, in every place."""
    bad = HOSTILE[1]
    table = replace(users(HOSTILE), title=bad, finding=bad, foot=bad, left_out=bad)
    chart = stacked("hostile-chart", HOSTILE[0], 10, "gpu", HOSTILE[:12], marks=(Mark("y", 40.0, bad),), left_out=bad)
    chart = replace(chart, finding=HOSTILE[9], foot=HOSTILE[13], readout=HOSTILE[8])
    number = Number(
        "n", bad, 3.0, "count", bad, comparison=Comparison(0.1, "ratio", "none", bad), measured=Measured(0.5, bad)
    )
    note = Note(HOSTILE[15], "critical", bad, bad, bad)
    blocks: tuple[Block, ...] = (Numbers("cards", bad, (number, replace(number, id="m", value=HOSTILE[0], format="text"))), chart, table, note,
              Text("t", "\n".join(HOSTILE), bad), Definitions("d", bad, ((bad, bad, bad),)), replace(quality(), finding=bad, title=bad))  # fmt: skip
    made = document("hostile", bad, (Section("s</section>", bad, blocks),), (note,))
    return replace(made, finding=bad, ranks={"user": HOSTILE}, parameters={bad: bad})


def edges() -> Document:
    """No rows, one name, two hundred names, all null, zero, a gap over everything, nothing collected, long sums."""
    columns = USER_COLUMNS[:3]
    zero = stacked("zero", "All zero", 0, "gpu", ("okafor",), empty="No job ran from 3 to 5 Nov.")
    many = tuple(f"user{n:03d}" for n in range(200))
    blocks: tuple[Block, ...] = (
        Table("empty", "Empty", columns, (), empty="No job ran from 3 to 5 Nov."),
        Table("one", "One name", columns, (("okafor", 1.0, 1.0),), ("All 1 user", 1.0, 1.0)),
        Table("nulls", "All null", columns, ((None, None, None), ("", None, None)), (None, None, None)),
        Table("dates", "Dates", (Column("day", "Day", "date"), Column("ok", "Done"), Column("bytes", "Size", "byte"), Column("x", "Δ", "point")), ((date(2026, 3, 29), True, 2.0**40, -0.02), (date(2026, 3, 28), False, 0, 0.5))),
        users(many),
        replace(zero, shape=Lines("area", True, (Series("okafor", "okafor", (0.0,) * 120),), 21_600.0)),
        replace(zero, id="none", title="Not collected", shape=Lines("area", True, ()), empty="GPU busy is not collected here. Add DCGM or NVML as a source."),
        replace(zero, id="all-gap", title="Nobody looked", shape=Lines("area", True, (Series("okafor", "okafor", (0.0,) + (None,) * 119),), 21_600.0), gaps=(Gap(START + timedelta(hours=6), END),)),
        stacked("one-name", "One name", 16, "gpu", ("okafor",)),
    )  # fmt: skip
    return document("edges", "Edges", (Section("all", "Edges", blocks),))
