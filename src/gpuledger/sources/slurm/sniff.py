"""What an input is, from its first 64 KiB: ours, a relative that we refuse in words, or not ours."""

import re
from dataclasses import dataclass

from gpuledger.model.errors import SourceError
from gpuledger.sources.slurm.fields import JOB_ID, NAMES, STATE_WORDS, STEP_ID, Layout, canonical

HEAD_BYTES = 65536
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Json:
    """A JSON document whose `jobs` are those of `sacct --json` (finished ones too) or of the controller (`squeue`)."""

    title: str


_RELATIVES: tuple[tuple[str, str], ...] = (
    (r"\s*NodeName=", "scontrol show node output"),
    (r"\s*JobId=\d+", "scontrol show job output"),
    (r"\s*PartitionName=", "scontrol show partition output"),
    (r"\s*Configuration data as of", "scontrol show config output"),
    (r"\s*Current Association Manager state", "scontrol show assoc_mgr output"),
    (r"[^\n]*\b(NODELIST|PARTITION +AVAIL|HOSTNAMES)\b[^\n]*\b(CPUS|STATE|TIMELIMIT)\b", "sinfo output"),
    (r"\s*\*+\s*\n\s*sdiag output", "sdiag output"),
    (r"[^\n]*\bJOBID\b[^\n]*\bPRIORITY\b[^\n]*\b(SITE|AGE|FAIRSHARE)\b", "sprio output"),
    (r"[^\n]*\b(JOBID|ARRAY_JOB_ID)\b", "squeue text output"),
    (r"-{20,}\s*\n[^\n]*(Utilization|Usage|reported in)", "sreport output"),
    (r"Cluster\|(Account\|Login|Login|Account\|)[^\n]*\b(Used|TRES Name)\b", "sreport output"),
    (r"[^\n]*\bRawShares\b", "sshare output"),
    (
        r"(Cluster\|(Account\|User|NodeName)|Name\|Priority\||Account\|Descr|Type\|Name\|ID|User\|Def Acct)",
        "sacctmgr output",
    ),
)
_JSON_RELATIVES = (
    ("nodes", "sinfo/slurmrestd nodes JSON"),
    ("sinfo", "sinfo JSON"),
    ("statistics", "sdiag JSON"),
    ("partitions", "slurmrestd partitions JSON"),
    ("reservations", "slurmrestd reservations JSON"),
    ("associations", "slurmdbd associations JSON"),
    ("accounts", "slurmdbd accounts JSON"),
    ("qos", "slurmdbd QoS JSON"),
)
WANTED = "what is needed is the output of: sacct -a -D -P --noconvert, or sacct --json"
_SLURM_JSON = re.compile(
    r'"(data_parser/|openapi/|Slurm OpenAPI)|"(slurmd_version|burstbuffer_network_address|last_backfill|sinfo)"'
)
_TABLE = re.compile(r"\s*(\w+%?\s+)+\n(-+\s+)+\n")
_HEADER_START = re.compile(rb"([A-Za-z]+)([^A-Za-z0-9\n]+)([A-Za-z]+)")
_DELIMITERS = (b"|#", b"|", b"\x1f", b"^", b";", b"\t", b",", b"~", b":")


def recognise(head: bytes, field_list: str | None = None) -> Layout | Json | None:
    """How to read the input, None when it is not Slurm's.

    Raises SourceError for Slurm's other outputs (scontrol, sinfo …), saying which one it is.
    """
    head = head.removeprefix(BOM)
    if head.lstrip()[:1] == b"{":
        return _json(head)
    first_line = head.split(b"\n", 1)[0].rstrip(b"\r")
    if layout := _header(first_line):
        return layout
    if b"\n" not in head and _header(first_line.split(b"\r", 1)[0]):
        raise SourceError("The lines of this sacct text end with a carriage return alone; convert it: tr '\\r' '\\n'.")
    text = head.decode("utf-8", "replace")
    _refuse_relatives(text, first_line.decode("utf-8", "replace"))
    if field_list:
        return _listed(head, field_list)
    return _headerless(head)


def _refuse_relatives(text: str, first_line: str) -> None:
    if _TABLE.match(text) and "JobID" in first_line:
        raise SourceError(f"This is sacct's table for people, which cuts values short; {WANTED}.")
    for pattern, name in _RELATIVES:
        if re.match(pattern, text):
            raise SourceError(f"This is {name}, which holds no accounting records; {WANTED}.")


def _header(line: bytes) -> Layout | None:
    """The layout a header line tells; the delimiter is what stands between its first two names."""
    match = _HEADER_START.match(line)
    if not match or (match[2].isspace() and match[2] != b"\t"):
        return None
    delimiter = match[2]
    spelled = [part.decode("utf-8", "replace") for part in line.split(delimiter)]
    if not {"JobID", "JobIDRaw"} & set(spelled):
        return None
    names = tuple(canonical(name) for name in spelled)
    if sum(name in NAMES for name in names) * 2 <= len(names):
        return None  # somebody else's table of jobs
    if "State" not in names:
        raise SourceError("This sacct text has no State column; add State to the fields asked for with -o.")
    return Layout(names, delimiter)


def _listed(head: bytes, field_list: str) -> Layout:
    """The layout of a file without header whose fields were given, as sacct -o takes them."""
    names = tuple(canonical(name) for name in field_list.split(","))
    if not {"JobID", "JobIDRaw"} & set(names) or "State" not in names:
        raise SourceError("The field list must name JobID (or JobIDRaw) and State, as given to sacct -o.")
    lines = [line.rstrip(b"\r") for line in head.split(b"\n")[:50] if line]
    fitting = {d: sum(line.count(d) >= len(names) - 1 for line in lines) for d in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: (fitting[d], lines[0].count(d) if lines else 0))
    ends = sum(line.endswith(delimiter) and line.count(delimiter) == len(names) for line in lines)
    return Layout((*names, "") if lines and ends == len(lines) else names, delimiter, has_header=False)


def _headerless(head: bytes) -> Layout | None:
    """Looks like sacct rows without a header: an id first and a known state somewhere. Its fields are not known."""
    line = head.split(b"\n", 1)[0].rstrip(b"\r")
    for delimiter in _DELIMITERS:
        values = [value.decode("utf-8", "replace") for value in line.split(delimiter)]
        has_state = any(value.split(" ", 1)[0] in STATE_WORDS for value in values[1:])
        if has_state and any(JOB_ID.fullmatch(value) or STEP_ID.fullmatch(value) for value in values[:4]):
            _refuse_queue(values)
            return Layout((), delimiter, has_header=False)
    return None


def _refuse_queue(values: list[str]) -> None:
    """squeue's rows show shares of priority and reasons in brackets, which sacct never prints."""
    if any(
        re.fullmatch(r"0\.\d{6,}|\(null\)|\((Resources|Priority|Dependency|JobHeld\w+)\)", value) for value in values
    ):
        raise SourceError(f"This is squeue text output without a header, which holds no accounting records; {WANTED}.")


def _json(head: bytes) -> Json | None:
    """By the first key of the document that holds records; `meta` and `errors` may stand before it."""
    text = head.decode("utf-8", "replace")
    keys = re.findall(r'"(\w+)"\s*:\s*[\[{]', text)
    known = ("jobs", *(key for key, _ in _JSON_RELATIVES))
    top = next((key for key in keys if key in known), None)
    if top == "jobs" and '"job_id"' in text:
        return Json("squeue --json or slurmrestd jobs" if '"job_state"' in text else "sacct --json")
    if not _SLURM_JSON.search(text):
        return None
    if top == "jobs":
        return Json("Slurm jobs JSON")
    for key, name in _JSON_RELATIVES:
        if top == key:
            raise SourceError(f"This is {name}, which holds no accounting records; {WANTED}.")
    raise SourceError(f"This is an answer of slurmrestd without jobs; {WANTED}.")
