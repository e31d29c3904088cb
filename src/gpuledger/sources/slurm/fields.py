"""sacct's columns: which of them we read, which are free text, and what a value in each must look like."""

import re
from dataclasses import dataclass
from functools import cached_property

STAMPS = ("Submit", "Eligible", "Start", "End")
CODED = (
    "User", "UID", "Account", "QOS", "Partition", "State", "Cluster", "Reason", "TimelimitRaw", "Timelimit", "Suspended",
    "ExitCode", "DerivedExitCode", "NNodes", "NCPUS", "ReqCPUS", "ReqNodes", "ReqMem", "ReqTRES", "AllocTRES", "NodeList",
    "NTasks", "ConsumedEnergyRaw", "AdminComment",
)  # fmt: skip
"""Columns with few distinct values: read as dictionaries, each distinct value parsed once."""
PLAIN = (
    "JobID", "JobIDRaw", *STAMPS, "ElapsedRaw", "Elapsed", "TotalCPU", "SystemCPU", "UserCPU", "MaxRSS", "TRESUsageInTot",
    "TRESUsageInAve", "Priority", "JobName",
)  # fmt: skip
READ = (*CODED, *PLAIN)

NAMES = (
    *READ, "AllocCPUS", "AllocGRES", "AllocNodes", "AssocID", "AveCPU", "AveCPUFreq", "AveDiskRead", "AveDiskWrite",
    "AvePages", "AveRSS", "AveVMSize", "BlockID", "Comment", "Constraints", "ConsumedEnergy", "Container", "CPUTime",
    "CPUTimeRAW", "DBIndex", "Extra", "FailedNode", "Flags", "GID", "Group", "Layout", "Licenses", "MaxDiskRead",
    "MaxDiskReadNode", "MaxDiskReadTask", "MaxDiskWrite", "MaxDiskWriteNode", "MaxDiskWriteTask", "MaxPages",
    "MaxPagesNode", "MaxPagesTask", "MaxRSSNode", "MaxRSSTask", "MaxVMSize", "MaxVMSizeNode", "MaxVMSizeTask", "McsLabel",
    "MinCPU", "MinCPUNode", "MinCPUTask", "Planned", "PlannedCPU", "PlannedCPURAW", "QOSRAW", "QOSREQ", "ReqCPUFreq",
    "ReqCPUFreqGov", "ReqCPUFreqMax", "ReqCPUFreqMin", "ReqGRES", "Reservation", "ReservationId", "Reserved", "ResvCPU",
    "ResvCPURAW", "Restarts", "SLUID", "StdErr", "StdIn", "StdOut", "SubmitLine", "SystemComment", "TRESUsageInMax",
    "TRESUsageInMaxNode", "TRESUsageInMaxTask", "TRESUsageInMin", "TRESUsageInMinNode", "TRESUsageInMinTask",
    "TRESUsageOutAve", "TRESUsageOutMax", "TRESUsageOutMaxNode", "TRESUsageOutMaxTask", "TRESUsageOutMin",
    "TRESUsageOutMinNode", "TRESUsageOutMinTask", "TRESUsageOutTot", "WCKey", "WCKeyID", "WorkDir",
)  # fmt: skip
"""Every column of sacct 20.11 to 24.11."""
_SAME = {"alloccpus": "NCPUS", "allocnodes": "NNodes"}
_BY_LOWER = {name.lower(): name for name in NAMES} | _SAME

FREE_TEXT = frozenset(
    {"JobName", "Comment", "AdminComment", "SystemComment", "SubmitLine", "WorkDir", "Extra", "StdErr", "StdIn", "StdOut",
     "Constraints", "Container", "WCKey"}
)  # fmt: skip
"""Columns in which a user's text may hold delimiters and newlines; sacct escapes nothing."""

JOB_ID = re.compile(r"\d+(_(\d+|\[[\d,:%-]+(\.\.\.)?\]?)|\+\d+)?")
STEP_ID = re.compile(JOB_ID.pattern + r"\.[\w+.]+")
STATE_WORDS = frozenset(
    [
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "COMPLETING",
        "CONFIGURING",
        "DEADLINE",
        "FAILED",
        "LAUNCH_FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PENDING",
        "POWER_UP_NODE",
        "PREEMPTED",
        "RECONFIG_FAIL",
        "REQUEUED",
        "REQUEUE_FED",
        "REQUEUE_HOLD",
        "RESIZING",
        "RESV_DEL_HOLD",
        "REVOKED",
        "RUNNING",
        "SIGNALING",
        "SPECIAL_EXIT",
        "STAGE_OUT",
        "STOPPED",
        "SUSPENDED",
        "TIMEOUT",
        "UPDATE_DB",
        "EXPEDITING",
    ]
)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)?|\d{1,11}|Unknown|None|INVALID|N/A|)")
_DIGITS = re.compile(r"\d*")
_CLOCK = re.compile(r"(\d+-)?(\d+:)?\d+:\d\d(\.\d+)?|")
_CODE = re.compile(r"(\d+:\d+)?")
_TRES = re.compile(r"([\w/:.@+-]+=[^,=]*(,[\w/:.@+-]+=[^,=]*)*)?")
_CHECKS = {
    **dict.fromkeys(STAMPS, _STAMP),
    **dict.fromkeys(
        ("ElapsedRaw", "NNodes", "NCPUS", "ReqCPUS", "ReqNodes", "CPUTimeRAW", "UID", "GID", "QOSRAW"), _DIGITS
    ),
    **dict.fromkeys(("AssocID", "WCKeyID", "DBIndex", "ReservationId", "NTasks", "Restarts"), _DIGITS),
    **dict.fromkeys(("Elapsed", "CPUTime", "TotalCPU", "UserCPU", "SystemCPU", "Suspended"), _CLOCK),
    **dict.fromkeys(("ExitCode", "DerivedExitCode"), _CODE),
    **dict.fromkeys(("ReqTRES", "AllocTRES"), _TRES),
}


def canonical(name: str) -> str:
    """sacct's own spelling of a field name in any case and with a width (`jobid%20`); unknown names stay."""
    bare = name.strip().split("%", 1)[0]
    return _BY_LOWER.get(bare.lower(), bare)


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out: its columns in order and what stands between them."""

    names: tuple[str, ...]
    delimiter: bytes
    has_header: bool = True

    @cached_property
    def id_column(self) -> int:
        return self.names.index("JobIDRaw" if "JobIDRaw" in self.names else "JobID")

    @cached_property
    def read(self) -> tuple[str, ...]:
        """The columns we use, without repeats."""
        return tuple(dict.fromkeys(name for name in self.names if name in READ))

    @cached_property
    def free_columns(self) -> tuple[int, ...]:
        return tuple(i for i, name in enumerate(self.names) if name in FREE_TEXT)

    @cached_property
    def tells_held(self) -> bool:
        """Whether the rows tell what was held, not only what was asked for."""
        return "AllocTRES" in self.names or "ReqTRES" not in self.names

    @cached_property
    def is_last_free(self) -> bool:
        return self.names[-1] in FREE_TEXT

    def misfit(self, values: list[str]) -> str | None:
        """Name of the first column whose value cannot be what its name says, None when all fit."""
        for name, value in zip(self.names, values, strict=False):
            if not _fits(name, value):
                return name
        return None

    def is_job_line(self, line: bytes) -> bool:
        """Whether a line of the input is a whole job row: as many columns as named and a job's id in its place."""
        parts = line.split(self.delimiter)
        enough = len(parts) >= len(self.names) if self.is_last_free else len(parts) == len(self.names)
        return enough and JOB_ID.fullmatch(parts[self.id_column].decode("utf-8", "replace")) is not None


def _fits(name: str, value: str) -> bool:
    if name in ("JobID", "JobIDRaw"):
        return bool(JOB_ID.fullmatch(value) or STEP_ID.fullmatch(value))
    if name == "State":
        return value.split(" ", 1)[0].rstrip("+") in STATE_WORDS
    check = _CHECKS.get(name)
    return check is None or check.fullmatch(value) is not None
