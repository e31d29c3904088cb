"""The whole mail of 30 days of the large pool with its figures, by command."""

from pathlib import Path

from benchmarks import pools
from benchmarks.case import Action, Case, Goal, megabytes, seconds
from benchmarks.cases import pool_numbers
from benchmarks.typed import typed

DELIVERY = """
[channels.mail]
type = "email"
host = "127.0.0.1"
sender = "gpuledger@pool.example.edu"
"""


def ours(data: Path, scratch: Path) -> Action:
    config = scratch / "gpuledger.toml"
    text = (data / "gpuledger.toml").read_text("utf-8")
    for name in ("ledger", "chtc_owned", "masked_hosts.yaml"):
        text = text.replace(f'"{name}"', f'"{data / name}"')
    config.write_text(text + DELIVERY, "utf-8")
    span = ("--last", f"{pools.DAYS}d", "--to", f"{pools.END:%Y-%m-%dT%H:%MZ}")

    def mail() -> int:
        typed(
            "--config",
            config,
            "send",
            "pool",
            "--recipient",
            "ops@pool.example.edu",
            *span,
            "--force",
            "--eml",
            scratch / "mail.eml",
        )
        return (scratch / "mail.eml").stat().st_size

    return mail


CASE = Case(
    "pool_mail",
    "gpuledger send pool --eml: the mail of 30 days of a pool with figures (rows: bytes of the message)",
    "DuckDB scans the columns of the numbers",
    pools.make,
    ours,
    pool_numbers.limit,
    (Goal("s", seconds, "<", 3), Goal("MB", megabytes, "<", 500)),
    data="pool",
)
