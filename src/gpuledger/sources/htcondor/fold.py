"""The slots of one moment, folded: one row for each (host, GPU).

A pool tells one GPU many times: its partitionable slot lists all its GPUs, also those that dynamic slots hold, and
backfill and interactive slots list them again. A slot whose name holds `backfill` is secondary, all others are primary:

    primary slots of the GPU                    | occupancy | admin_state
    --------------------------------------------+-----------+-------------------------------
    none of them (only secondary ones)          | null      | null
    Unclaimed, Matched                          | unclaimed | none
    Claimed (with or without an Unclaimed one)  | claimed   | none
    Drained                                     | unclaimed | drained
    Drained and a Claimed one                   | claimed   | drained  (it is draining its last job)
    Owner, Preempting …, likewise               | either    | owner, preempting …

    secondary slots                             | backfill_occupancy
    --------------------------------------------+-------------------
    none                                        | null: not offered
    some, none of them Claimed                  | unclaimed
    one Claimed (or a primary one in Backfill)  | claimed

A claimed slot says nothing of what stands over the GPU; interactive slots are heard where no batch slot without a job is.
`is_interactive`: all slots that offer the GPU are interactive (`slot1_3` is dynamic: made for a job, it offers nothing;
where only dynamic ones tell the GPU: those). Where several slots tell a value, the one whose name is first does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gpuledger.model.devices import gpu_model
from gpuledger.model.slots import ADMIN, STATES, is_dynamic, is_interactive, is_secondary, kind
from gpuledger.sources.htcondor.attributes import group, number, text
from gpuledger.sources.htcondor.gpus import named, referred

MIB = 2**20


@dataclass(frozen=True)
class Slot:
    """One slot of one moment. `position` is where its ad stands in the input, for problems and for counting."""

    ad: Mapping[str, Any]
    position: int

    @cached_property
    def name(self) -> str:
        return self.text("Name") or ""

    @cached_property
    def host(self) -> str | None:
        """The machine, by its own attribute or from the slot's name: what stands after its last `@`."""
        return self.text("Machine") or self.name.rpartition("@")[2] or None

    @cached_property
    def kind(self) -> str:
        """See `slots.kind`."""
        return kind(self.name)

    @cached_property
    def is_secondary(self) -> bool:
        return is_secondary(self.kind)

    @cached_property
    def is_interactive(self) -> bool:
        return is_interactive(self.kind)

    @cached_property
    def is_dynamic(self) -> bool:
        return is_dynamic(self.kind)

    @cached_property
    def state(self) -> str:
        return (self.text("State") or "").lower()

    @cached_property
    def is_claimed(self) -> bool:
        return self.state == "claimed"

    @cached_property
    def gpus(self) -> tuple[str, ...]:
        """The GPUs it tells about. A backfill slot's own list holds those in use by others: what it offers counts.

        A reference (`GPUs_MIG_GPU_f5_0_0`) cannot hold every sign of a name (`MIG-GPU-f5/0/0`), its assigned twin can.
        """
        assigned, available = (named(self.ad.get(name)) for name in ("AssignedGPUs", "AvailableGPUs"))
        if assigned and not (self.is_secondary and "AvailableGPUs" in self.ad):
            return assigned
        whole = {referred(gpu): gpu for gpu in assigned}
        return tuple(whole.get(referred(gpu), gpu) for gpu in available)

    @property
    def has_gpus(self) -> bool:
        """Does it claim to have any? A slot of a machine without GPUs, or whose GPUs are all taken, has none to tell."""
        return (number(self.ad, "GPUs") or 0) >= 1

    def text(self, attribute: str) -> str | None:
        """See `attributes.text`."""
        return text(self.ad, attribute)

    def of_device(self, gpu: str, attribute: str) -> Any:
        """What the GPU's own ad says, else the slot's common `GPUs_…` attribute."""
        nested = self._devices.get(referred(gpu), {})
        return self.ad.get(f"GPUs_{attribute}") if nested.get(attribute) is None else nested[attribute]

    @cached_property
    def _devices(self) -> dict[str, Mapping[str, Any]]:
        """The nested ads of single GPUs (`GPUs_…`)."""
        return {referred(name[5:]): told for name, told in self.ad.items() if isinstance(told, dict)}


@dataclass
class _Cell:
    """One GPU and the slots that tell about it."""

    primary: list[Slot] = field(default_factory=list)
    secondary: list[Slot] = field(default_factory=list)

    @property
    def slots(self) -> list[Slot]:
        return [*self.primary, *self.secondary]


def fold(slots: Iterable[Slot], has_reasons: bool) -> Iterator[dict[str, Any]]:
    """The rows of gpu_states, less cluster, source and time. `has_reasons`: reasons are told where there are any."""
    cells: dict[tuple[str, str], _Cell] = {}
    for slot in sorted(slots, key=lambda slot: (slot.is_interactive, slot.name)):
        for gpu in slot.gpus:
            cell = cells.setdefault((slot.host or "", gpu), _Cell())
            (cell.secondary if slot.is_secondary else cell.primary).append(slot)
    lent = _lent(cells)
    for (host, gpu), cell in sorted(cells.items(), key=lambda item: item[0]):
        yield {
            "host": host, "gpu": gpu,
            "owner_projects": _owners(cell.primary) if cell.primary else lent.get(host),
            "prevented_reason": _reason(cell.slots) if has_reasons else None,
            **_primary(cell.primary), **_secondary(cell), **_device(gpu, cell.slots),
            "occupant_count": len({slot.text("GlobalJobId") or slot.name for slot in cell.slots if slot.is_claimed}),
        }  # fmt: skip


def _primary(slots: list[Slot]) -> dict[str, Any]:
    holder = next((slot for slot in slots if slot.is_claimed), None)
    is_told = any(slot.state for slot in slots)
    offering = [slot for slot in slots if not slot.is_dynamic] or slots
    return {
        "occupancy": ("claimed" if holder else "unclaimed") if is_told else None,
        "admin_state": _admin(slots) if is_told else None,
        "primary_user": holder and holder.text("RemoteOwner"),
        "primary_account": holder and group(holder.ad, holder.text("RemoteOwner")),
        "primary_job_id": holder and holder.text("GlobalJobId"),
        "is_interactive": all(slot.is_interactive for slot in offering) if slots else None,
    }


def _admin(slots: list[Slot]) -> str:
    """The strongest of what stands over the GPU."""
    without_job = [slot for slot in slots if slot.state and not slot.is_claimed]
    heard = [slot for slot in without_job if not slot.is_interactive] or without_job
    said = (STATES.get(slot.state, "other") for slot in heard)
    return max(said, key=ADMIN.index, default="none")


def _secondary(cell: _Cell) -> dict[str, Any]:
    holder = next((slot for slot in cell.secondary if slot.is_claimed), None)
    is_own = any(slot.state == "backfill" for slot in cell.primary)
    is_offered = bool(cell.secondary) or is_own
    return {
        "backfill_occupancy": ("claimed" if holder or is_own else "unclaimed") if is_offered else None,
        "backfill_user": holder and holder.text("RemoteOwner"),
        "backfill_job_id": holder and holder.text("GlobalJobId"),
    }


def _owners(slots: list[Slot]) -> str | None:
    """'' when open to all, null when no slot says."""
    told = [text for slot in slots if (text := slot.text("PrioritizedProjects")) is not None]
    names = (name.strip() for text in told for name in text.split(","))
    return ", ".join(dict.fromkeys(name for name in names if name)) if told else None


def _lent(cells: Mapping[tuple[str, str], _Cell]) -> dict[str, str | None]:
    """What a GPU without a primary slot is given: the owner that all others of its machine have."""
    lone = {host for (host, _), cell in cells.items() if not cell.primary}
    owners: dict[str, set[str | None]] = {}
    for (host, _), cell in cells.items():
        if host in lone and cell.primary:
            owners.setdefault(host, set()).add(_owners(cell.primary))
    return {host: told.pop() for host, told in owners.items() if len(told) == 1}


def _reason(slots: list[Slot]) -> str:
    return next((text for slot in slots if (text := slot.text("PreventJobsReason"))), "")


def _device(gpu: str, slots: list[Slot]) -> dict[str, Any]:
    models = (slot.of_device(gpu, "DeviceName") for slot in slots)
    sizes = (slot.of_device(gpu, "GlobalMemoryMb") for slot in slots)
    model = next((one for one in models if isinstance(one, str) and one.strip()), None)
    mib = next((one for one in sizes if isinstance(one, int | float) and not isinstance(one, bool)), None)
    return {"gpu_model": model and gpu_model(model).name, "gpu_memory_bytes": mib and float(mib) * MIB}
