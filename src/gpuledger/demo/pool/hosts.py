"""The machines of the simulated pool: who owns them, and what a site writes about them in its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass

CLUSTER = "marsh"
DOMAIN = "marsh.example.edu"


@dataclass(frozen=True)
class Host:
    """One machine. `projects` own it ('' : open to all); `lends` offers idle GPUs to secondary (backfill) jobs."""

    name: str
    model: str
    memory_mb: int
    gpus: tuple[str, ...]
    projects: str = ""
    lends: bool = False
    is_interactive: bool = False

    @property
    def is_open(self) -> bool:
        return not self.projects and not self.is_interactive


@dataclass(frozen=True)
class _Rack:
    prefix: str
    hosts: int
    model: str
    memory_mb: int
    gpus: int
    projects: str = ""
    lends: bool = False
    is_interactive: bool = False


_RACKS = (
    _Rack("genome", 3, "NVIDIA H100 80GB HBM3", 81_559, 8, "Genomics", lends=True),
    _Rack("optics", 3, "NVIDIA L40S", 46_068, 8, "Photonics, Imaging", lends=True),
    _Rack("reserve", 2, "NVIDIA A100-SXM4-80GB", 81_920, 8, "Climate", lends=True),
    _Rack("gpu", 3, "NVIDIA H200", 143_771, 8),
    _Rack("old", 2, "NVIDIA A100-SXM4-40GB", 40_442, 8),
    _Rack("slice", 1, "NVIDIA A100-SXM4-80GB MIG 3g.40gb", 40_192, 8),
    _Rack("dusk", 1, "Quadro RTX 6000", 24_576, 4),
    _Rack("desk", 1, "NVIDIA L40S", 46_068, 4, is_interactive=True),
    _Rack("bench", 1, "NVIDIA H100 80GB HBM3", 81_559, 4),
)

OWNED = ("reserve*",)
"""Hosts the site itself reserves, as its configuration names them."""
MASKED: Mapping[str, str] = {"bench01": "Acceptance tests; not in service before January"}


def _host(rack: _Rack, number: int, first_gpu: int) -> Host:
    kind = "MIG" if "MIG" in rack.model else "GPU"
    tail = "-5f2a-4c1e-9d3b-0a1b2c3d4e5f" if kind == "MIG" else ""
    gpus = tuple(f"{kind}-{_spread(first_gpu + place):08x}{tail}" for place in range(rack.gpus))
    name = f"{rack.prefix}{number:02d}.{DOMAIN}"
    return Host(name, rack.model, rack.memory_mb, gpus, rack.projects, rack.lends, rack.is_interactive)


def _spread(number: int) -> int:
    """Different numbers give different, unordered ones, as serial ids are."""
    return number * 2_654_435_761 % 2**32


HOSTS: tuple[Host, ...] = tuple(
    _host(rack, number, 1000 * place + 100 * number)
    for place, rack in enumerate(_RACKS)
    for number in range(1, rack.hosts + 1)
)
