"""The page of a group: what its QoS, queue or account holds, over a rolling window and now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gpuledger.metrics import Answer, Ask, Filter
from gpuledger.metrics.newest import rows_of
from gpuledger.metrics.now import names
from gpuledger.model.document import Block, Document, Format, Note, Number, Numbers, Scalar, Section, Text
from gpuledger.model.errors import NoData
from gpuledger.model.tables import JOB_ATTEMPTS, PENDING
from gpuledger.reports import Report
from gpuledger.reports import _words as words
from gpuledger.reports._bins import edges
from gpuledger.reports._ingests import OF_ATTEMPTS
from gpuledger.reports._quality import banners, coverage, definitions, open_records, quality_of
from gpuledger.reports._rolling.beside import BESIDE, beside, of_beside
from gpuledger.reports._rolling.charts import charts
from gpuledger.reports._rolling.limits import LIMITED, limits_of
from gpuledger.reports._rolling.machines import out_of_service
from gpuledger.reports._rolling.parameters import Choice, RollingParameters, tabs, width
from gpuledger.reports._rolling.scene import LABELS, TabScene, of_tab
from gpuledger.reports._rolling.tables import SHOWN, now, reasons, totals, waits
from gpuledger.reports._rolling.window import aligned
from gpuledger.reports._scene import label_of

_KNOWN_SHOWN = 20
_TABLES = (*OF_ATTEMPTS, "pending", "limits", "host_states")


def build(ask: Ask, parameters: RollingParameters) -> Document:
    """Raises NoData when the ledger holds no accounting of the window, UsageError for a bin that is too short for it."""
    asked = ask.period
    ask = ask.of_period(aligned(asked, width(parameters.bin), ask.display_zone))
    whole = ask.coverage()  # first: the tabs' asks know then what was read of the sources
    scenes = _scenes(ask, parameters)
    _require_data(ask, scenes)
    return Document(
        name="rolling",
        title=f"{_label(scenes)}, {words.of_period(asked)}",
        finding=" ".join(_finding(scene) for scene in scenes[:3]),
        period=ask.period,
        parameters=_chosen(parameters),
        generated_at=ask.now,
        display_zone=ask.display_zone,
        coverage=coverage(whole),
        sections=(
            *(section for scene in scenes for section in _sections(scene, is_alone=len(scenes) == 1)),
            *(beside(scenes[0]) if len(scenes) == 1 else ()),
            *filter(None, (out_of_service(scenes[0]), open_records(scenes[0]))),
            quality_of(ask, whole, _TABLES),
            definitions(scenes[0], SHOWN),
        ),
        banners=(*banners(ask, whole, _TABLES), *_unknown(ask, scenes)),
        ranks=scenes[0].order,
    )


def _scenes(ask: Ask, parameters: RollingParameters) -> list[TabScene]:
    """One a tab, under one order of names."""
    choices, by = parameters.tabs, parameters.by
    is_alone = len(choices) == 1
    wanted = of_tab(by, of_beside(by) if is_alone else {}, BESIDE if is_alone else ())
    asks = [ask.filtered(*_filters(choice)) for choice in choices]
    answers = [dict(zip(wanted, there.together(*wanted.values()), strict=True)) for there in asks]
    order = _order([each[by] for each in answers])
    step = width(parameters.bin)
    cut = edges(ask.period, step, ask.display_zone)
    return [
        TabScene(
            there, by, parameters.top, parameters.rows, there.coverage(), (by,), told, choice, order,
            *limits_of(there, choice, parameters.limits), cut, step.total_seconds(), "" if is_alone else f"-{number}",
        )
        for number, (choice, there, told) in enumerate(zip(choices, asks, answers, strict=True), 1)
    ]  # fmt: skip


def _filters(choice: Choice) -> tuple[Filter, ...]:
    return (Filter(choice.scope, "=", (choice.name,)),) if choice.scope else ()


def _order(answers: Iterable[Answer]) -> Mapping[str, tuple[str, ...]]:
    """Names by GPU-hours in all tabs together, those without by CPU-hours: one colour per name in every tab."""
    hours: dict[str, tuple[float, float]] = {}
    by = ""
    for answer in answers:
        by = answer.dimensions[0].name
        for row in answer.records():
            name = label_of(row, answer.dimensions)
            gpus, cpus = hours.get(name, (0.0, 0.0))
            hours[name] = gpus + (row["gpu_hours"] or 0.0), cpus + (row["cpu_hours"] or 0.0)
    return {by: tuple(sorted(hours, key=lambda name: (-hours[name][0], -hours[name][1], name)))}


def _require_data(ask: Ask, scenes: Sequence[TabScene]) -> None:
    """A name without jobs is an answer where somebody looked; an empty ledger is none."""
    if any(scene.totals.value("attempts") or scene.running or scene.waiting for scene in scenes):
        return
    covered = ask.coverage()
    if covered.covered_ratio:
        return
    if covered.newest is None:
        raise NoData("The ledger holds no accounting yet; read some with `gpuledger ingest FILE`.")
    newest = covered.newest.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise NoData(f"There is no data in {ask.period}; try `gpuledger report rolling --to {newest}`.")


def _sections(scene: TabScene, *, is_alone: bool) -> Iterator[Section]:
    """Numbers, the four charts, now, totals, waiting; with several tabs their titles name the tab."""
    of = "" if is_alone else f", {scene.label}"
    overview: list[Block] = [_cards(scene)]
    if not scene.totals.value("attempts"):
        overview.append(Text(f"no-jobs{scene.suffix}", _without_jobs(scene)))
    yield Section(f"overview{scene.suffix}", f"Numbers{of}", tuple(overview))
    if scene.totals.value("attempts"):
        yield Section(f"over-time{scene.suffix}", f"Over time{of}", tuple(charts(scene)))
    yield Section(f"now-and-window{scene.suffix}", f"Now and in the window{of}", (now(scene), totals(scene)))
    yield Section(f"queue{scene.suffix}", f"Waiting{of}", (reasons(scene), waits(scene)))


def _without_jobs(scene: TabScene) -> str:
    return f"{_begun(scene.label)}: no job held anything from {scene.foot}."


def _cards(scene: TabScene) -> Numbers:
    """Now, then the window: six. Time over a limit takes the place of the hours that say less; all of them are in the totals."""
    _, gpus, cpus, _, jobs = now(scene).totals or (None,) * 5
    hours: tuple[str, ...] = ("gpu_hours", "cpu_hours")
    if scene.hours_over:
        hours = hours[:1] if scene.totals.value("gpu_hours") else hours[1:]
    items = (
        _now(scene, "gpus_now", "GPUs in use now", gpus, "gpu"),
        _now(scene, "cpus_now", "CPUs in use now", cpus, "count"),
        _now(scene, "jobs_now", "Jobs running now", jobs, "count"),
        _now(scene, "waiting_now", "Jobs waiting now", (reasons(scene).totals or (None, None))[1], "count"),
        *(_hours(scene, name) for name in hours),
        *_over(scene),
    )
    return Numbers(f"numbers{scene.suffix}", "Numbers", items)


def _now(scene: TabScene, name: str, label: str, value: Scalar, form: Format) -> Number:
    reason = f"as of {scene.stamp}" if value is not None else "the accounting does not say"
    return Number(
        f"{name}{scene.suffix}", label, value, form, "At the moment the accounting was told last.", reason=reason
    )


def _hours(scene: TabScene, name: str) -> Number:
    metric, value = scene.ask.metrics[name], scene.totals.value(name)
    reason = "in the window" if value is not None else "the accounting does not say"
    return Number(f"{name}{scene.suffix}", metric.label, value, metric.format, metric.meaning, reason=reason)


def _over(scene: TabScene) -> Iterator[Number]:
    """Time over a limit, where there is one."""
    if not scene.hours_over:
        return
    name, longest = max(scene.hours_over.items(), key=lambda pair: pair[1])
    meaning = (
        "Time in which more was held at one moment than the limit allows, of the resource that was over it longest."
    )
    reason = f"of {LIMITED[name]}" if longest else "within every limit all the time"
    yield Number(
        f"over_limit{scene.suffix}", "Time over a limit", longest, "hour", meaning, better="low", reason=reason
    )


def _finding(scene: TabScene) -> str:
    if not scene.totals.value("attempts"):
        return _without_jobs(scene)
    return f"{_begun(scene.label)}: {now(scene).finding}"


def _begun(label: str) -> str:
    """A label at the beginning of a sentence."""
    return label[0].upper() + label[1:]


def _label(scenes: Sequence[TabScene]) -> str:
    if len(scenes) > 1:
        return f"Rolling use of {words.plural(len(scenes), 'group')}"
    return f"Rolling use, {scenes[0].label}"


def _unknown(ask: Ask, scenes: Sequence[TabScene]) -> Iterator[Note]:
    """A name that neither the accounting nor the scheduler's limits know, with those that they do."""
    for scene in scenes:
        choice = scene.choice
        if choice.scope is None or scene.totals.value("attempts"):
            continue
        known = ask.rows(names(choice.scope))["name"].to_pylist()
        if choice.name in known:
            continue
        said = f"There is no {LABELS[choice.scope]} {choice.name!r} that the scheduler told of"
        known = [] if choice.scope == "account" else known  # who is charged is nobody else's business
        shown = ", ".join(known[:_KNOWN_SHOWN]) + (" …" if len(known) > _KNOWN_SHOWN else "")
        sentence = f"{said}; it knows {shown}." if known else f"{said}."
        yield Note(f"unknown{scene.suffix}", "warning", "name", sentence, f"now{scene.suffix}")


def _chosen(parameters: RollingParameters) -> dict[str, str | int | tuple[str, ...]]:
    names_of = {scope: values for scope in LABELS if (values := getattr(parameters, scope))}
    return {**names_of, "by": parameters.by, "bin": parameters.bin, "top": parameters.top, "rows": parameters.rows}


REPORT = Report(
    name="rolling",
    title="Rolling use",
    audience="Whoever leads a group on a shared cluster: what its QoS, queue or account holds now and held lately, by user.",
    parameters=RollingParameters,
    build=build,
    tabs=tabs,
    subject=rows_of(JOB_ATTEMPTS, PENDING),
)
