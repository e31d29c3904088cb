"""A site of the large pool: its reports of 30 days, and a page for each of its hosts, into a folder."""

from pathlib import Path

from benchmarks import pools
from benchmarks.case import Action, Case, Goal, Told, figure, megabytes, seconds


def ours(data: Path, scratch: Path) -> Action:
    """In a process that is up: what leaves by `gpuledger publish`."""
    from gpuledger.actions.publish import publish
    from gpuledger.config import open_ledger
    from gpuledger.config.loading import load
    from gpuledger.config.publish import PublishSettings

    said = {"type": "folder", "folder": str(scratch / "www"), "names": "pseudonym", "windows": ["30d"], "hosts": True}
    settings = load({}, {}, data, data / "gpuledger.toml").settings
    ledger = open_ledger(settings.model_copy(update={"publish": {"www": PublishSettings.model_validate(said)}}))

    def made() -> Told:
        site = publish(ledger, "www", pools.END, is_forced=True).site
        assert site
        return Told(len(site.made), {"megabytes": site.size_bytes / 1e6})

    return made


CASE = Case(
    "publish_site",
    "gpuledger publish: a pool's reports of 30 days and a page a host (rows: pages)",
    "",
    pools.make,
    ours,
    None,
    (
        Goal("s", seconds, "<", 60),
        Goal("MB", megabytes, "<", 1000),
        Goal("MB of the site", figure("megabytes"), "<", 5),
    ),
    rounds=1,
    data="pool",
)
