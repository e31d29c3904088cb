"""GPU model names: one spelling, memory where the name says it, slices with their share, unknown names unchanged."""

import pytest

from gpuledger.model.devices import GIB, GpuModel, gpu_model, gpu_name, position_of


@pytest.mark.parametrize(
    ("text", "name", "gib"),
    [
        ("a100", "NVIDIA A100", None),
        ("A100", "NVIDIA A100", None),
        ("NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-80GB", 80),
        ("nvidia_a100-sxm4-80gb", "NVIDIA A100-SXM4-80GB", 80),
        ("a100-sxm4-40gb", "NVIDIA A100-SXM4-40GB", 40),
        ("NVIDIA A100 80GB PCIe", "NVIDIA A100 80GB PCIe", 80),
        ("NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3", 80),
        ("h200", "NVIDIA H200", 141),
        ("l40s", "NVIDIA L40S", 48),
        ("Tesla V100-SXM2-32GB", "Tesla V100-SXM2-32GB", 32),
        ("v100", "Tesla V100", None),
        ("rtx2080ti", "NVIDIA GeForce RTX 2080 Ti", 11),
        ("NVIDIA GeForce RTX 2080 Ti", "NVIDIA GeForce RTX 2080 Ti", 11),
        ("mi250x", "AMD Instinct MI250X", 128),
        ("AMD Instinct MI300X", "AMD Instinct MI300X", 192),
    ],
)
def test_a_known_model_has_one_spelling(text: str, name: str, gib: int | None) -> None:
    model = gpu_model(text)
    assert (model.name, model.memory_bytes) == (name, gib and gib * GIB)
    assert gpu_model(model.name).name == name


@pytest.mark.parametrize("text", ["rtx30", "mystery", "tesla", "Ponte Vecchio", "", "gpu<b>"])
def test_an_unknown_name_stays_as_it_is(text: str) -> None:
    assert gpu_model(text).name == text


@pytest.mark.parametrize(
    ("text", "name", "ratio", "gib"),
    [
        ("a100_1g.5gb", "NVIDIA A100 MIG 1g.5gb", 1 / 7, 5),
        ("a100_3g.20gb", "NVIDIA A100 MIG 3g.20gb", 3 / 7, 20),
        ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", "NVIDIA A100-SXM4-80GB MIG 1g.10gb", 1 / 7, 10),
        ("1g.5gb", "MIG 1g.5gb", 1 / 7, 5),
        ("nvidia_h100_80gb_hbm3_2g.20gb", "NVIDIA H100 80GB HBM3 MIG 2g.20gb", 2 / 7, 20),
    ],
)
def test_a_mig_slice_is_named_by_its_profile(text: str, name: str, ratio: float, gib: int) -> None:
    profile = name.rsplit(" ", 1)[-1]
    assert gpu_model(text) == GpuModel(name, "NVIDIA", gib * GIB, profile, ratio)


def test_the_vendor_is_told_by_the_name() -> None:
    assert [gpu_model(text).vendor for text in ("a100", "mi100", "Intel Max 1550", "rtx30")] == [
        "NVIDIA",
        "AMD",
        "Intel",
        None,
    ]


@pytest.mark.parametrize(
    ("written", "name", "place"),
    [
        ("GPU_23", "slot:GPU_23", "GPU_23"), ("7", "index:7", "index:7"), ("07", "index:7", "index:7"), ("slot:a", "slot:a", "a"),
        ("gpu-0667CE7C-1f2e", "GPU-0667ce7c", "GPU-0667ce7c"), ("MIG-x/1", "MIG-x/1", "MIG-x/1"), ("²", "slot:²", "²"),
    ],
)  # fmt: skip
def test_a_gpu_has_one_name_however_it_is_called(written: str, name: str, place: str) -> None:
    assert (gpu_name(written), gpu_name(name), position_of(gpu_name(written))) == (name, name, place)
