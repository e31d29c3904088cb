"""Machines as scontrol and slurmrestd tell them, of any version, as one thing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gpuledger.sources.slurm.json_jobs import number
from gpuledger.sources.slurm.now.gres import Gpus, gpus
from gpuledger.sources.slurm.tres import tres

MIB = 2.0**20
_KEY = re.compile(r"(?:^|\s)(\w+)=")
_BY_WHOM = re.compile(r"\s*\[[^\[\]]*@[^\[\]]*\]\s*$")
_NOTHING = frozenset({"(null)", "N/A", "None"})
Admin = Literal["none", "down", "drained", "maintenance", "reserved", "other"]
_ADMIN: tuple[tuple[Admin, frozenset[str]], ...] = (
    ("drained", frozenset({"DRAIN", "DRAINED", "DRAINING"})),
    ("down", frozenset({"DOWN", "ERROR", "FAIL", "FAILING", "NOT_RESPONDING", "NO_RESPOND", "INVALID_REG"})),
    ("maintenance", frozenset({"MAINT", "MAINTENANCE"})),
    ("reserved", frozenset({"RESERVED", "RESV"})),
    ("other", frozenset({
        "UNKNOWN", "FUTURE", "POWERED_DOWN", "POWERING_DOWN", "POWERING_UP", "POWER_DOWN", "POWER_UP", "REBOOT_ISSUED",
        "REBOOT_REQUESTED", "REBOOT", "BLOCKED", "INVALID",
    })),
)  # fmt: skip
"""What stands over a machine, the strongest first."""
_SIGNS = {
    "*": "NOT_RESPONDING",
    "~": "POWERED_DOWN",
    "#": "POWERING_UP",
    "!": "POWERING_DOWN",
    "%": "POWERING_DOWN",
    "$": "MAINTENANCE",
    "@": "REBOOT_ISSUED",
}


@dataclass(frozen=True)
class Node:
    """One machine. `state` is in Slurm's words; `used` are the GPUs that jobs hold."""

    name: str
    state: str
    reason: str
    cpus: float | None
    allocated_cpus: float | None
    memory_bytes: float | None
    allocated_bytes: float | None
    gpus: tuple[Gpus, ...]
    used: tuple[Gpus, ...]

    @property
    def admin(self) -> Admin:
        """What stands over it."""
        words = _words(self.state)
        return next((admin for admin, those in _ADMIN if those & words), "none")


def node(told: str | Mapping[str, Any]) -> Node:
    """A machine of text or JSON. Raises ValueError for one without a name."""
    found = _of_text(told) if isinstance(told, str) else _of_json(told)
    if not found.name:
        raise ValueError("the machine has no name")
    return found


def _words(state: str) -> set[str]:
    words = set()
    for word in state.upper().split("+"):
        plain = word.rstrip("*~#!%$@^-")
        words |= {plain, *(_SIGNS[sign] for sign in word[len(plain) :] if sign in _SIGNS)}
    return words


def _of_text(line: str) -> Node:
    """`scontrol -o show node`. Of a key that is there twice the first counts: what people write stands behind."""
    told: dict[str, str] = {}
    keys = list(_KEY.finditer(line))
    for at, match in enumerate(keys):
        end = keys[at + 1].start() if at + 1 < len(keys) else len(line)
        told.setdefault(match[1], line[match.end() : end].strip())
    _, _, reason = line.partition(" Reason=")
    return Node(
        told.get("NodeName", ""), told.get("State", ""), _BY_WHOM.sub("", reason.strip()),
        _count(told.get("CPUTot")), _count(told.get("CPUAlloc")), _mib(told.get("RealMemory")), _mib(told.get("AllocMem")),
        gpus(_said(told.get("Gres"))), _used(_said(told.get("GresUsed")), told.get("AllocTRES", "")),
    )  # fmt: skip


def _of_json(told: Mapping[str, Any]) -> Node:
    """A record of `nodes`. openapi/v0.0.38 writes states in small letters, the flags apart."""
    state, flags = told.get("state"), told.get("state_flags") or []
    words = [*(state if isinstance(state, list) else [state or ""]), *flags]
    return Node(
        str(told.get("name") or ""), "+".join(str(word).upper() for word in words if word), str(told.get("reason") or ""),
        _amount(told.get("cpus")), _amount(told.get("alloc_cpus")), _amount(told.get("real_memory"), MIB),
        _amount(told.get("alloc_memory"), MIB), gpus(_said(told.get("gres"))),
        _used(_said(told.get("gres_used")), str(told.get("tres_used") or "")),
    )  # fmt: skip


def _used(gres: str, allocated: str) -> tuple[Gpus, ...]:
    """By index where it is told, else as many as the machine's TRES say."""
    if found := gpus(gres):
        return found
    try:
        held = tres("" if allocated in _NOTHING else allocated)
    except ValueError:
        return ()
    return (Gpus("", int(held.gpu)),) if held and held.gpu else ()


def _said(text: Any) -> str:
    return "" if text is None or text in _NOTHING else str(text)


def _count(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def _mib(text: str | None) -> float | None:
    count = _count(text)
    return None if count is None else count * MIB


def _amount(value: Any, unit: float = 1.0) -> float | None:
    plain = number(value)
    return None if plain is None or plain < 0 else plain * unit
