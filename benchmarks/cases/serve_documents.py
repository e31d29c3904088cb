"""Every Document that the page offers, asked of a running service: made anew, and asked for again."""

from pathlib import Path

from benchmarks import sites
from benchmarks.case import Action, Case, Goal, Told, figure
from benchmarks.services import p95, served


def ours(data: Path, _: Path) -> Action:
    paths = [f"/api/v1/reports/{page}" for page in sites.pages()]

    def look() -> Told:
        with served(data / "gpuledger.toml") as service:
            cold, warm = service.seconds(paths), service.seconds(paths * 3)
            peak = service.peak_bytes / 1e6
        return Told(len(paths), {"cold": p95(cold), "slowest": max(cold), "warm": max(warm), "service_mb": peak})

    return look


CASE = Case(
    "serve_documents",
    "each Document of a service over 10 M attempts and 30 days of a pool (rows: Documents)",
    "",
    sites.make,
    ours,
    None,
    (
        Goal("s p95 cold", figure("cold"), "<", 1.5),
        Goal("s slowest warm", figure("warm"), "<", 0.3),
        Goal("MB of the service", figure("service_mb"), "<", 1000),
    ),
    rounds=1,
    data="site",
)
