"""GPUs and their models: one spelling for what Slurm, HTCondor and the driver write differently; unknown models unchanged."""

import re
from dataclasses import dataclass
from functools import lru_cache

GIB = 2**30


@dataclass(frozen=True)
class GpuModel:
    """A model as we print it.

    `memory_bytes` is None when the name leaves it open (an A100 has 40 or 80 GB). A MIG slice carries its profile in
    `name` and `slice_profile` ("1g.5gb") and the part of the device's compute it is in `slice_ratio`.
    """

    name: str
    vendor: str | None = None
    memory_bytes: float | None = None
    slice_profile: str | None = None
    slice_ratio: float | None = None


_COMPUTE_SLICES = 7
"""A MIG device is cut into seven compute slices."""

_FAMILIES: tuple[tuple[str, str, float | None], ...] = (
    # squeezed spelling, our spelling, GiB when the name says it all
    ("gb200", "NVIDIA GB200", 186),
    ("gh200", "NVIDIA GH200", None),
    ("b300", "NVIDIA B300", 288),
    ("b200", "NVIDIA B200", 180),
    ("h200", "NVIDIA H200", 141),
    ("h200nvl", "NVIDIA H200 NVL", 141),
    ("h100", "NVIDIA H100", None),
    ("h800", "NVIDIA H800", 80),
    ("h20", "NVIDIA H20", None),
    ("a100", "NVIDIA A100", None),
    ("a800", "NVIDIA A800", None),
    ("a100sxm480gb", "NVIDIA A100-SXM4-80GB", 80),
    ("a100sxm440gb", "NVIDIA A100-SXM4-40GB", 40),
    ("a100pcie40gb", "NVIDIA A100-PCIE-40GB", 40),
    ("a100pcie80gb", "NVIDIA A100 80GB PCIe", 80),
    ("a10080gbpcie", "NVIDIA A100 80GB PCIe", 80),
    ("a10080gb", "NVIDIA A100 80GB", 80),
    ("a10040gb", "NVIDIA A100 40GB", 40),
    ("h10080gbhbm3", "NVIDIA H100 80GB HBM3", 80),
    ("h10080gb", "NVIDIA H100 80GB", 80),
    ("h100pcie", "NVIDIA H100 PCIe", 80),
    ("h100nvl", "NVIDIA H100 NVL", 94),
    ("gh200480gb", "NVIDIA GH200 480GB", 96),
    ("v100sxm232gb", "Tesla V100-SXM2-32GB", 32),
    ("v100sxm216gb", "Tesla V100-SXM2-16GB", 16),
    ("v100pcie32gb", "Tesla V100-PCIE-32GB", 32),
    ("v100pcie16gb", "Tesla V100-PCIE-16GB", 16),
    ("v10032gb", "Tesla V100 32GB", 32),
    ("v10016gb", "Tesla V100 16GB", 16),
    ("p100pcie16gb", "Tesla P100-PCIE-16GB", 16),
    ("p100pcie12gb", "Tesla P100-PCIE-12GB", 12),
    ("a30", "NVIDIA A30", 24),
    ("a40", "NVIDIA A40", 48),
    ("a10", "NVIDIA A10", 24),
    ("a16", "NVIDIA A16", 16),
    ("a2", "NVIDIA A2", 16),
    ("l4", "NVIDIA L4", 24),
    ("l40", "NVIDIA L40", 48),
    ("l40s", "NVIDIA L40S", 48),
    ("t4", "Tesla T4", 16),
    ("v100", "Tesla V100", None),
    ("p100", "Tesla P100", None),
    ("p40", "Tesla P40", 24),
    ("p4", "Tesla P4", 8),
    ("k80", "Tesla K80", 12),
    ("m60", "Tesla M60", 8),
    ("titanv", "NVIDIA TITAN V", 12),
    ("titanrtx", "NVIDIA TITAN RTX", 24),
    ("titanxp", "NVIDIA TITAN Xp", 12),
    ("rtx5090", "NVIDIA GeForce RTX 5090", 32),
    ("rtx4090", "NVIDIA GeForce RTX 4090", 24),
    ("rtx3090", "NVIDIA GeForce RTX 3090", 24),
    ("rtx3090ti", "NVIDIA GeForce RTX 3090 Ti", 24),
    ("rtx3080", "NVIDIA GeForce RTX 3080", None),
    ("rtx2080ti", "NVIDIA GeForce RTX 2080 Ti", 11),
    ("rtx2080", "NVIDIA GeForce RTX 2080", 8),
    ("gtx1080ti", "NVIDIA GeForce GTX 1080 Ti", 11),
    ("gtx1080", "NVIDIA GeForce GTX 1080", 8),
    ("quadrortx6000", "Quadro RTX 6000", 24),
    ("quadrortx8000", "Quadro RTX 8000", 48),
    ("rtx6000ada", "NVIDIA RTX 6000 Ada Generation", 48),
    ("rtx6000adageneration", "NVIDIA RTX 6000 Ada Generation", 48),
    ("rtxa4000", "NVIDIA RTX A4000", 16),
    ("rtxa5000", "NVIDIA RTX A5000", 24),
    ("rtxa6000", "NVIDIA RTX A6000", 48),
    ("a4000", "NVIDIA RTX A4000", 16),
    ("a5000", "NVIDIA RTX A5000", 24),
    ("a6000", "NVIDIA RTX A6000", 48),
    ("mi50", "AMD Instinct MI50", None),
    ("mi100", "AMD Instinct MI100", 32),
    ("mi210", "AMD Instinct MI210", 64),
    ("mi250", "AMD Instinct MI250", 128),
    ("mi250x", "AMD Instinct MI250X", 128),
    ("mi300a", "AMD Instinct MI300A", 128),
    ("mi300x", "AMD Instinct MI300X", 192),
    ("mi325x", "AMD Instinct MI325X", 256),
)
_KNOWN = {key: (name, size) for key, name, size in _FAMILIES}
_MIG = re.compile(
    r"^(?P<parent>.*?)[\s_.:-]*(?:mig)?[\s_.:-]*(?P<profile>(?P<slices>\d)g\.(?P<gib>\d+)gb)(?P<extra>\+\w+)?$", re.I
)
_VENDOR_WORDS = ("nvidia", "amd", "instinct", "tesla", "geforce")
_UUID = re.compile(r"GPU-([0-9a-f]{8})(-[0-9a-f-]*)?", re.I)
_SLICE = re.compile(r"MIG-(.+)", re.I)
SLOT = "slot:"
"""Before the name of a GPU that is called by its place in the host."""


def gpu_name(text: str) -> str:
    """A GPU within its host, by what a source calls it: `GPU-` + 8 hex, `MIG-` + uuid, `index:N`, else `slot:NAME`."""
    bare = text.strip()
    if match := _UUID.fullmatch(bare):
        return f"GPU-{match[1].lower()}"
    if match := _SLICE.fullmatch(bare):
        return f"MIG-{match[1]}"
    if bare.isdecimal() and bare.isascii():
        return f"index:{int(bare)}"
    return bare if bare.startswith(("index:", SLOT)) else f"{SLOT}{bare}"


def position_of(gpu: str) -> str:
    """Such a name as people say it: without `slot:`."""
    return gpu.removeprefix(SLOT)


@lru_cache(maxsize=4096)
def gpu_model(text: str) -> GpuModel:
    """What `text` (a Slurm gres type, a driver's product name) calls the model; an unknown name stays as it is."""
    stripped = text.strip()
    if match := _MIG.fullmatch(stripped):
        return _slice(match)
    key = _squeezed(stripped)
    if key in _KNOWN:
        name, size = _KNOWN[key]
        return GpuModel(name, _vendor(name), size * GIB if size else None)
    return GpuModel(stripped, _vendor(stripped))


def _squeezed(text: str) -> str:
    """Lower case without separators and without the vendor's words."""
    words = [w for w in re.split(r"[\s_:/-]+", text.lower()) if w not in _VENDOR_WORDS]
    return "".join(words)


def _slice(match: re.Match[str]) -> GpuModel:
    parent = gpu_model(match["parent"]).name if match["parent"] else "MIG"
    profile = match["profile"].lower() + (match["extra"] or "")
    ratio = int(match["slices"]) / _COMPUTE_SLICES
    name = f"{parent} MIG {profile}" if match["parent"] else f"MIG {profile}"
    return GpuModel(name, "NVIDIA", int(match["gib"]) * GIB, profile, ratio)


def _vendor(name: str) -> str | None:
    lower = name.lower()
    if lower.startswith(("nvidia", "tesla", "quadro", "geforce", "titan")):
        return "NVIDIA"
    if lower.startswith(("amd", "instinct", "radeon")):
        return "AMD"
    return "Intel" if lower.startswith("intel") else None
