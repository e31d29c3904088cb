"""Fifty people who look at a running service at once, each through every Document in an order of their own."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import sites
from benchmarks.case import Action, Case, Goal, Told, figure
from benchmarks.services import Service, p95, served

VIEWERS = 50
LOOKS = 40


def ours(data: Path, _: Path) -> Action:
    paths = [f"/api/v1/reports/{page}" for page in sites.pages()]

    def look() -> Told:
        with served(data / "gpuledger.toml") as service:
            service.seconds(paths)
            taken = _at_once(service, paths)
            peak = service.peak_bytes / 1e6
        return Told(len(taken), {"p95": p95(taken), "slowest": max(taken), "service_mb": peak})

    return look


def _at_once(service: Service, paths: Sequence[str]) -> list[float]:
    orders = [random.Random(number).choices(["/", *paths], k=LOOKS) for number in range(VIEWERS)]
    with ThreadPoolExecutor(VIEWERS) as viewers:
        return [seconds for taken in viewers.map(service.seconds, orders) for seconds in taken]


CASE = Case(
    "serve_viewers",
    f"{VIEWERS} viewers at once, {LOOKS} looks each without a pause (rows: answers)",
    "",
    sites.make,
    ours,
    None,
    (Goal("s p95", figure("p95"), "<", 1.0), Goal("MB of the service", figure("service_mb"), "<", 1000)),
    rounds=1,
    data="site",
)
