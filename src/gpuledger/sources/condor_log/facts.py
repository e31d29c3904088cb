"""What an event tells about an attempt, as one short line: `code<TAB>key=value<TAB>…`.

Only what is named here is taken: an environment or an ad attribute that nobody asked for never gets further than this.
A fact has no time yet; equal facts of one second are one event told twice.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from gpuledger.model.secrets import without_secret
from gpuledger.sources.condor_log.usage import usage

LONGEST_TEXT = 500
_ALIAS_NAME = re.compile(r"alias=([^&>\s]+)")
_ADDRESS = re.compile(r"<?\[?([^\s<>?\[\]]+?)\]?(?::\d+)?[?>\s]")
_NODE = re.compile(r'DAG Node: (\S+)|DAGNodeName = "((?:[^"\\]|\\.)*)"')
_BATCH = re.compile(r'JobBatchName = "((?:[^"\\]|\\.)*)"')
_AD_PART = re.compile(r'(\w+) = ("(?:[^"\\]|\\.)*"|[^;\]]+)')
_RESULT = re.compile(r"\(return value (-?\d+)\)|\(signal (-?\d+)\)")
_CODES = re.compile(r"Code (\d+) Subcode (\d+)")
_CPU = re.compile(r"Usr (\d+) (\d+):(\d+):(\d+), Sys (\d+) (\d+):(\d+):(\d+)  -  Run Remote Usage")
_SLOT = re.compile(r" (?:from (?:starter|shadow) )?on (\S+?):?$")
_LOST_SLOT = re.compile(r"Can not reconnect to ([^\s,]+@[^\s,]+)")
_ATTRIBUTE = re.compile(
    r"^[^\S\n]*(Cpus|Memory|Disk|GPUs|GLIDEIN_ResourceName|AvailableGPUs|GPUs_\S*) = (.*)", re.MULTILINE
)
_WRITTEN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {ord("\t"): " ", ord("\n"): " "}
"""Control characters, written out."""
WANTED = {
    "Cpus": "cpus", "Memory": "memory", "Disk": "disk", "GPUs": "gpus", "GLIDEIN_ResourceName": "resource",
}  # fmt: skip


def _submitted(code: str, text: str) -> str:
    line, _, body = text.partition("\n")
    parts = [code, f"host={submit_host(line)}"]
    if found := _NODE.search(body):
        parts.append(f"node={_plain(found[1] or found[2])}")
    if found := _BATCH.search(body):
        parts.append(f"batch={_plain(found[1])}")
    return "\t".join(parts)


def _executing(code: str, text: str) -> str:
    line, _, body = text.partition("\n")
    parts = [code, *_place(line)]
    for name, value in _ATTRIBUTE.findall(body):
        if name in WANTED:
            parts.append(f"{WANTED[name]}={_plain(value.strip().strip(chr(34)))}")
        elif name == "AvailableGPUs":
            parts.append(f"available={value.count(',') + (value.strip().strip('{} ') != '')}")
        elif value.startswith("["):
            parts.append(f"gpu={gpu(value.strip())}")
    if (at := body.find("SlotName: ")) >= 0:
        parts.append(f"slot={_plain(body[at + 10 : _line_end(body, at)])}")
    return "\t".join(parts)


def _ended(code: str, text: str) -> str:
    """004 and 005: how it ended, what it moved, what it used."""
    line, _, body = text.partition("\n")
    parts = [code, *_codes(line)]
    if found := _RESULT.search(body):
        parts.append(f"exit={found[1]}" if found[1] else f"signal={found[2]}")
    if found := _CPU.search(body):
        parts.append(f"cpu={_seconds(found.groups())}")
    for key, words in (("sent", "  -  Run Bytes Sent By "), ("received", "  -  Run Bytes Received By ")):
        if (at := body.find(words)) >= 0:
            parts.append(f"{key}={_plain(body[body.rfind(chr(10), 0, at) + 1 : at])}")
    if (at := body.find("Reason: ")) >= 0:
        parts.append(f"text={_clean(body[at + 8 : _line_end(body, at)])}")
    return "\t".join([*parts, *usage(body)])


def _reasoned(code: str, text: str) -> str:
    """009, 012, 013, 007, 022, 024 and the like: a sentence, perhaps with codes."""
    line, _, body = text.partition("\n")
    parts = [code, *_codes(body)]
    if said := next((each for each in body.split("\n") if each.strip() and not _CODES.search(each)), ""):
        parts.append(f"text={_clean(said)}")
    return "\t".join(parts)


def _starter(code: str, text: str) -> str:
    """021: an error or a message of the starter, which names its slot."""
    line, _, body = text.partition("\n")
    kind = "message" if line.startswith("Message") else "error"
    slot = [f"slot={_plain(found[1])}"] if (found := _SLOT.search(line)) else []
    return "\t".join([code, f"kind={kind}", *slot, *_reasoned(code, text).split("\t")[1:]])


def _reconnection_failed(code: str, text: str) -> str:
    """024: also the slot that cannot be reached any more."""
    found = _LOST_SLOT.search(text)
    return "\t".join([_reasoned(code, text), *([f"slot={_plain(found[1])}"] if found else [])])


def _transfer(code: str, text: str) -> str | None:
    line, _, body = text.partition("\n")
    step = STEPS.get(line.strip())
    if step is None:
        return None
    found = body.find("Transferring to host: ") if body else -1
    if found < 0:
        return f"{code}\tstep={step}"
    return "\t".join([code, f"step={step}", *_place(body[found + 22 : _line_end(body, found)])])


STEPS = {
    "Entered queue to transfer input files": "in-queue",
    "Started transferring input files": "in-start",
    "Finished transferring input files": "in-end",
    "Entered queue to transfer output files": "out-queue",
    "Started transferring output files": "out-start",
    "Finished transferring output files": "out-end",
}
READERS: dict[str, Callable[[str, str], str | None]] = {
    "000": _submitted, "001": _executing, "004": _ended, "005": _ended, "021": _starter, "040": _transfer,
    **dict.fromkeys(("003", "007", "009", "010", "011", "012", "013", "022", "023"), _reasoned), "024": _reconnection_failed,
}  # fmt: skip


def host(address: str) -> str:
    """The machine an address of HTCondor names: its alias, else its IP; '' for none."""
    for sign in ("&alias=", "?alias="):
        if (at := address.find(sign)) >= 0 and (found := _ALIAS_NAME.match(address, at + 1)):
            return _plain(found[1])
    bare = address.partition("host: ")[2] or address
    found = _ADDRESS.match(bare + " ")
    return _plain(found[1]) if found else ""


submit_host = lru_cache(maxsize=16)(host)
"""Hardly any log names more than one access point; addresses of machines are all different."""


def _place(address: str) -> list[str]:
    return [f"host={host(address)}", *(["ccb=ospool"] if "ospool-ccb" in address else [])]


@lru_cache(maxsize=1 << 14)
def gpu(ad: str) -> str:
    """`id|uuid|model|memory MB|capability|driver|CUDA|bus id|ECC` of a nested ad."""
    told = {name: value.strip().strip('"') for name, value in _AD_PART.findall(ad)}
    names = (
        "Id",
        "DeviceUuid",
        "DeviceName",
        "GlobalMemoryMb",
        "Capability",
        "NvidiaDriver",
        "DriverVersion",
        "DevicePciBusId",
        "ECCEnabled",
    )
    return "|".join(_plain(told.get(name, "")).replace("|", "/") for name in names)


def _codes(line: str) -> list[str]:
    found = _CODES.search(line)
    return [f"code={found[1]}", f"subcode={found[2]}"] if found else []


def _seconds(parts: tuple[str, ...]) -> int:
    days, hours, minutes, seconds = (int(a) + int(b) for a, b in zip(parts[:4], parts[4:], strict=True))
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _line_end(body: str, at: int) -> int:
    end = body.find("\n", at)
    return len(body) if end < 0 else end


def _plain(value: str) -> str:
    """On one line, and with nothing that a terminal would act on."""
    said = value.strip()
    return (said if said.isprintable() else said.translate(_WRITTEN))[:LONGEST_TEXT]


@lru_cache(maxsize=1 << 12)
def _clean(said: str) -> str:
    return _plain(without_secret(said))
