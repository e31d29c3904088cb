"""What each job held and asked for, from its TRES lists, or from the older columns where those are missing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from gpuledger.model.devices import gpu_model
from gpuledger.sources.slurm.sheet import Sheet
from gpuledger.sources.slurm.tres import Tres, requested_memory, tres
from gpuledger.sources.slurm.values import Flags, Floats, Numbers, floats, numbers

Columns = dict[str, Any]


def held(jobs: Sheet, is_started: Flags) -> Columns:
    """The allocated amounts; null for an attempt that never held anything."""
    name = "AllocTRES" if jobs.has("AllocTRES") else "ReqTRES"
    of = _readers(jobs, name)
    count = {
        "cpu_count": _first(of("cpu"), _plain(jobs, "NCPUS"), _plain(jobs, "ReqCPUS")),
        "node_count": _first(of("node"), _plain(jobs, "NNodes"), _plain(jobs, "ReqNodes")),
        "memory_bytes": of("memory") if jobs.has("AllocTRES") else _first(of("memory"), _requested_memory(jobs)),
        "gpu_count": of("gpu"),
        "billing_count": of("billing"),
    }
    model = jobs.map(name, lambda text: _only_type(_safe(text)), pa.string())
    columns: Columns = {key: _where(is_started, values) for key, values in count.items()}
    columns["gpu_model"] = _models(model, is_started, lambda known: gpu_model(known).name, pa.string())
    columns["gpu_memory_bytes"] = _models(model, is_started, lambda known: gpu_model(known).memory_bytes, pa.float64())
    return columns


def requested(jobs: Sheet) -> Columns:
    """The amounts asked for."""
    of = _readers(jobs, "ReqTRES")
    everyone = np.ones(len(jobs), bool)
    model = jobs.map("ReqTRES", lambda text: _only_type(_safe(text)), pa.string())
    return {
        "requested_cpu_count": _where(everyone, _first(of("cpu"), _plain(jobs, "ReqCPUS"))),
        "requested_node_count": _where(everyone, _first(of("node"), _plain(jobs, "ReqNodes"))),
        "requested_memory_bytes": _where(everyone, _first(of("memory"), _requested_memory(jobs))),
        "requested_gpu_count": _where(everyone, of("gpu")),
        "requested_gpu_model": _models(model, everyone, lambda known: gpu_model(known).name, pa.string()),
    }


def misread(jobs: Sheet) -> list[tuple[Flags, str]]:
    """Rows whose amounts cannot be read, by reason."""
    lists = [(_unreadable(jobs, name), f"{name} is not a TRES list") for name in ("AllocTRES", "ReqTRES")]
    counts = [
        (numbers(jobs, name).is_bad, f"{name} is not a number")
        for name in ("NCPUS", "NNodes", "ReqCPUS")
        if jobs.has(name)
    ]
    return [*lists, *counts, (_memory(jobs).is_bad, "ReqMem is not an amount of memory")]


def mixed(jobs: Sheet) -> Flags:
    """Rows that held more than one kind of GPU."""
    held_mixed = jobs.map("AllocTRES", lambda text: (t := _safe(text)) is not None and t.is_mixed, pa.bool_())
    return np.asarray(held_mixed.to_numpy(zero_copy_only=False), bool)


def _readers(jobs: Sheet, name: str) -> Callable[[str], Floats]:
    def of(part: str) -> Floats:
        return floats(jobs.map(name, lambda text: getattr(_safe(text), part, None), pa.float64()))

    return of


def _safe(text: str) -> Tres | None:
    try:
        return tres(text)
    except ValueError:
        return None


def _unreadable(jobs: Sheet, name: str) -> Flags:
    codes, texts = jobs.coded(name)
    return np.asarray(np.array([bool(text) and _safe(text) is None for text in texts], bool)[codes], bool)


def _only_type(held_tres: Tres | None) -> str | None:
    if held_tres is None or held_tres.is_mixed or not held_tres.typed:
        return None
    return held_tres.typed[0][0]


def _plain(jobs: Sheet, name: str) -> Floats:
    return numbers(jobs, name).values


def _memory(jobs: Sheet) -> Numbers:
    return numbers(jobs, "ReqMem", lambda text: (found := requested_memory(text)) and found[0])


def _requested_memory(jobs: Sheet) -> Floats:
    """ReqMem over the whole job: before 21.08 it is per node (`n`) or per CPU (`c`)."""
    per = np.array([text[-1:] for text in jobs.coded("ReqMem")[1]])[jobs.coded("ReqMem")[0]]
    nodes = _first(_plain(jobs, "NNodes"), _plain(jobs, "ReqNodes"))
    cpus = _first(_plain(jobs, "ReqCPUS"), _plain(jobs, "NCPUS"))
    factor = np.where(per == "n", nodes, np.where(per == "c", cpus, 1.0))
    return np.asarray(_memory(jobs).values * factor, np.float64)


def _first(*columns: Floats) -> Floats:
    """The first known of several columns, row by row."""
    first = columns[0]
    for other in columns[1:]:
        first = np.where(np.isnan(first), other, first)
    return first


def _where(mask: Flags, values: Floats) -> Any:
    return pa.array(values, mask=~mask | np.isnan(values))


def _models(column: Any, mask: Flags, meaning: Callable[[str], Any], kind: Any) -> Any:
    coded = column.dictionary_encode()
    known = pa.array([meaning(text) for text in coded.dictionary.to_pylist()], kind)
    codes = np.asarray(coded.indices.fill_null(-1))
    return known.take(pa.array(codes, mask=(codes < 0) | ~mask))
