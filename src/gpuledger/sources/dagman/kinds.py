"""Which of DAGMan's files some bytes are."""

import re
from enum import Enum

COMMANDS = frozenset(
    """JOB NODE SUBDAG SPLICE INCLUDE FINAL PROVISIONER SERVICE SUBMIT-DESCRIPTION PARENT SCRIPT RETRY VARS PRIORITY CATEGORY
    MAXJOBS ABORT-DAG-ON CONFIG DOT NODE_STATUS_FILE JOBSTATE_LOG REJECT SET_JOB_ATTR ENV CONNECT PIN_IN PIN_OUT PRE_SKIP
    DONE SAVE_POINT_FILE DATA""".split()  # noqa: SIM905 - reads best as words
)
"""Everything a line of a DAG may begin with."""
FOLDER = "dagman/"
"""What every name in a bundle begins with."""

_DECLARES = re.compile(rb"^[ \t]*(?:JOB|NODE|SUBDAG|SPLICE|INCLUDE|FINAL|SERVICE|PROVISIONER|SUBMIT-DESCRIPTION)[ \t]+[^\s|,;]+(?=\s|$)", re.I | re.M)  # fmt: skip
_OUT = re.compile(
    rb"\(CONDOR_DAGMAN\) STARTING UP|Event: ULOG_\w+ for (?:HT)?Condor Node|Submitting (?:HT)?Condor Node |^\d\d/\d\d/\d\d \d\d:\d\d:\d\d Of \d+ nodes total:",
    re.M,
)


class Kind(Enum):
    """The value says what it is in words."""

    BUNDLE = "a DAG with what stands beside it"
    DAG = "a DAG of HTCondor's DAGMan"
    OUT = "dagman.out, DAGMan's own log"
    EVENTS = "DAGMan's copy of the event log"
    RESCUE = "a rescue file of DAGMan"
    METRICS = "a metrics file of DAGMan"


def kind_of(head: bytes) -> Kind | None:
    """None for what is none of them."""
    if head[257:262] == b"ustar":
        return Kind.BUNDLE if head.startswith(FOLDER.encode()) else None
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"# Rescue DAG file"):
        return Kind.RESCUE
    if text.startswith(b"{"):
        return Kind.METRICS if b'"condor_dagman"' in text else None
    if _OUT.search(text):
        return Kind.OUT
    return Kind.DAG if _begins_as_dag(text) else None


def _begins_as_dag(text: bytes) -> bool:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    word = first.split()[0].decode("utf-8", "replace").upper() if first else ""
    return word in COMMANDS and _DECLARES.search(text) is not None
