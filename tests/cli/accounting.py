"""A little accounting as sacct prints it."""

from pathlib import Path

HEADER = (
    "JobIDRaw|JobID|Cluster|User|Account|Partition|State|Submit|Start|End|ElapsedRaw|AllocTRES|ExitCode|NCPUS|JobName"
)
ANN = "1|1|hpg|ann|physics|a100|COMPLETED|2026-05-10T00:00:00|2026-05-10T00:00:00|2026-05-10T02:00:00|7200|cpu=8,gres/gpu=2|0:0|8|a"
BOB = "2|2|hpg|bob|bio|debug|FAILED|2026-05-11T00:00:00|2026-05-11T00:00:00|2026-05-11T01:00:00|3600|cpu=4,gres/gpu=1|1:0|4|b"
BAD = "3|3|hpg|cyd|bio|a100|COMPLETED|2026-05-12T02:00:00|2026-05-12T02:00:00|2026-05-12T00:00:00|0|cpu=4|0:0|4|c"
EVIL = "4|4|hpg|=cmd()\x1b[31m|bio|a100|COMPLETED|2026-05-12T00:00:00|2026-05-12T00:00:00|2026-05-12T01:00:00|3600|cpu=4,gres/gpu=1|0:0|4|d"


def accounting(file: Path, *rows: str, header: str = HEADER) -> str:
    """Writes a file of these rows; its name."""
    file.write_text("\n".join([header, *rows]) + "\n")
    return file.name
