"""What is asked of a pool, and the attributes of an ad that are read: names of ClassAds are without regard to case."""

from collections.abc import Iterable, Mapping
from typing import Any

from gpuledger.sources.htcondor.values import Expression

SLOT = (
    "Name", "Machine", "State", "AssignedGPUs", "AvailableGPUs", "GPUs", "GPUs_DeviceName", "GPUs_GlobalMemoryMb",
    "PrioritizedProjects", "PreventJobsReason", "RemoteOwner", "AccountingGroup", "GlobalJobId", "MyCurrentTime",
    "LastHeardFrom", "MyType",
)  # fmt: skip
JOB = (
    "GlobalJobId", "Owner", "User", "AccountingGroup", "AcctGroup", "ProjectName", "ChtcProjects", "RequestGPUs",
    "RequestCpus", "RequestMemory", "RequestGPUMemory", "GPUsMinMemory", "QDate", "Cmd", "JobBatchName", "JobStatus", "ClusterId", "ServerTime", "MyType",
)  # fmt: skip
IDLE_GPU_JOBS = "RequestGPUs >= 1 && JobStatus == 1"
DEVICE = ("DeviceName", "GlobalMemoryMb")
"""Of the nested ad of one GPU (`GPUs_GPU_0667ce7c`): where the GPUs of a machine differ, only it tells them apart."""
DEVICE_PREFIXES = ("gpus_gpu_", "gpus_mig_")

_SPELLED = {name.lower(): name for name in (*SLOT, *JOB)}
_SPELLED_DEVICE = {name.lower(): name for name in DEVICE}


def spelled(name: str) -> str | None:
    """The attribute as we write it, None for one that is not read."""
    lower = name.lower()
    return _SPELLED.get(lower) or (name if lower.startswith(DEVICE_PREFIXES) else None)


def kept(ad: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Of an ad what is read, in our spelling; undefined attributes are left out."""
    found: dict[str, Any] = {}
    for name, told in ad:
        ours = spelled(name)
        if ours and told is not None:
            found[ours] = device(told) if isinstance(told, Mapping) else told
    return found


def device(nested: Mapping[str, Any]) -> dict[str, Any]:
    """Of a GPU's nested ad what is read."""
    found = ((_SPELLED_DEVICE.get(name.lower()), told) for name, told in nested.items())
    return {ours: told for ours, told in found if ours and told is not None}


def text(ad: Mapping[str, Any], name: str) -> str | None:
    """A text that is known: '' is one, an expression or a number is not."""
    told = ad.get(name)
    return told.strip() if isinstance(told, str) and not isinstance(told, Expression) else None


def number(ad: Mapping[str, Any], name: str) -> float | None:
    """A number that is known; a flag is none."""
    told = ad.get(name)
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def group(ad: Mapping[str, Any], user: str | None) -> str | None:
    """The accounting group without the user's name that HTCondor writes behind it; '' for a job without group."""
    if (told := text(ad, "AccountingGroup")) is None:
        return None
    for name in filter(None, (user, (user or "").partition("@")[0])):
        if told == name or told.endswith(f".{name}"):
            return told.removesuffix(name).removesuffix(".")
    return told
