"""The live page as its reader has it, in Chromium over loopback: words, charts, the same again from the cache, state lanes.

Times are milliseconds since the address was opened, of pictures that are on the screen; the service has the Documents. On a
machine that others use too, the processor time of the page's main thread is what can be compared.
"""

import gzip
import http.client
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import sites
from benchmarks.case import Action, Case, Goal, Told, figure
from benchmarks.lakes import NOW
from benchmarks.pools import END, START
from benchmarks.services import Service, served

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
VISITS = 5
MONTH = f"report=rolling&tab=gpu&from=2026-05-02T00:00Z&to={NOW:%Y-%m-%dT%H:%MZ}"
LANES = f"report=pool-hosts&from={START:%Y-%m-%dT%H:%MZ}&to={END:%Y-%m-%dT%H:%MZ}"
SHOWN = """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done({
  words: performance.getEntriesByName('words')[0].startTime, charts: performance.now(), draws: gpuledger.draws,
}))))"""
"""Asked once everything is drawn: two frames later it is on the screen."""


def ours(data: Path, _: Path) -> Action:
    def look() -> Told:
        with served(data / "gpuledger.toml") as service, _browser() as browser:
            figures = _figures(service, browser)
        return Told(2 * VISITS, figures)

    return look


def _figures(service: Service, browser: Any) -> dict[str, float]:
    page = f"http://127.0.0.1:{service.port}/?"
    for query in (MONTH, LANES):
        _visit(browser.new_context(), page + query)  # the service has made it by then
    first, cached = zip(*(_pair(browser, page + MONTH) for _ in range(VISITS)), strict=True)
    lanes = _visit(browser.new_context(), page + LANES)
    return {
        "words_ms": statistics.median(one["words"] for one in first),
        "first_ms": statistics.median(one["charts"] for one in first),
        "cached_ms": statistics.median(one["charts"] for one in cached),
        "cpu_ms": statistics.median(one["cpu"] for one in cached),
        "stack_ms": max(one["milliseconds"] for one in first[0]["draws"]),
        "lanes_ms": max(one["milliseconds"] for one in lanes["draws"]),
        **_kilobytes(service),
    }


def _pair(browser: Any, url: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A first visit, and another by the same reader."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        return _visit(context, url), _visit(context, url)
    finally:
        context.close()


def _visit(context: Any, url: str) -> Mapping[str, Any]:
    page = context.new_page()
    metrics = context.new_cdp_session(page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(url)
    page.wait_for_selector('html[data-ready="1"]', state="attached", timeout=120_000)
    told = page.evaluate(SHOWN)
    spent = {one["name"]: one["value"] for one in metrics.send("Performance.getMetrics")["metrics"]}
    page.close()
    return {**told, "cpu": spent["TaskDuration"] * 1e3}


def _kilobytes(service: Service) -> dict[str, float]:
    """What goes over the wire: our scripts and styles, and the Document of the lanes."""
    from gpuledger.render.viewer import files

    own = sum(_size(service, path) for path in map("/{}".format, files()))
    return {
        "own_kb": own / 1e3,
        "lanes_kb": _size(service, f"/api/v1/reports/pool-hosts?{LANES.partition('&')[2]}") / 1e3,
    }


def _size(service: Service, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    content = connection.getresponse().read()
    connection.close()
    return len(content) if content[:2] == b"\x1f\x8b" else len(gzip.compress(content))


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


CASE = Case(
    "page_visits",
    f"a month of a queue in Chromium, {VISITS} first visits and {VISITS} from the cache; a month of 850 GPUs as lanes",
    "",
    sites.make,
    ours,
    None,
    (
        Goal("ms to words", figure("words_ms"), "<", 500),
        Goal("ms to charts", figure("first_ms"), "<", 2000),
        Goal("ms from the cache", figure("cached_ms"), "<", 800),
        Goal("ms of processor", figure("cpu_ms"), "<", 800),
        Goal("ms a stacked chart", figure("stack_ms"), "<", 150),
        Goal("ms of lanes", figure("lanes_ms"), "<", 100),
        Goal("KB of lanes", figure("lanes_kb"), "<", 100),
        Goal("KB of scripts and styles", figure("own_kb"), "<", 60),
    ),
    rounds=1,
    data="site",
)  # fmt: skip
