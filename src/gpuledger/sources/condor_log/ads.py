"""Event logs written as ClassAds, in JSON or XML: each ad becomes the event that the classic format would show."""

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from xml.etree import ElementTree

from gpuledger.sources.condor_log.facts import STEPS
from gpuledger.sources.condor_log.frames import BLOCK, CODE, HEADER, JUNK, LAST, LONGEST, Damage, Event, Frame

ENDS = {"json": "\n}", "xml": "\n</c>"}
"""An ad ends with a line of its own; what is nested stands further right."""
LINE_ENDS = {"json": "}\n", "xml": "</c>\n"}
"""An ad that is one line ends with it."""
BETWEEN = ",[. \t\r\n"
"""What may stand between ads of JSON."""
ROWS = (
    ("Cpus", "Cpus"), ("Disk (KB)", "Disk"), ("GPUs", "GPUs"), ("GpusMemory (MB)", "GpusMemory"),
    ("Memory (MB)", "Memory"), ("TimeExecute (s)", "TimeExecute"), ("TimeSlotBusy (s)", "TimeSlotBusy"),
)  # fmt: skip
STEP_NAMES = ("", *STEPS)
REASONS = {
    7: "Message", 9: "Reason", 12: "HoldReason", 13: "Reason", 21: "ErrorMsg", 22: "DisconnectReason", 24: "Reason",
}  # fmt: skip
Ad = Mapping[str, Any]


def kind_of(head: bytes) -> str | None:
    """json, xml, or None for a log that is not written as ads."""
    start = head.lstrip(BETWEEN.encode())
    if start.startswith(b"{") and b'"EventTypeNumber"' in head:
        return "json"
    return "xml" if start.startswith(b"<") and b'n="EventTypeNumber"' in head else None


def end_of(head: bytes, kind: str) -> str:
    """What each ad ends with, as the first one shows."""
    first = head[max(head.find(b"<c>" if kind == "xml" else b"{"), 0) :].partition(b"\n")[0].rstrip()
    is_one_line = first.endswith(LINE_ENDS[kind].strip().encode())
    return (LINE_ENDS if is_one_line else ENDS)[kind]


def pages_of_ads(raw: BinaryIO, kind: str, end: str) -> Iterator[list[Frame]]:
    """Every event of the log in its order, about a megabyte at a time. An ad that cannot be read is damage."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    rest, line = "", 1
    while block := raw.read(BLOCK):
        *ads, rest = (rest + decoder.decode(block).replace("\r\n", "\n")).split(end)
        page: list[Frame] = []
        for text in ads:
            page.append(_frame(text + end, kind, line))
            line += (text + end).count("\n")
        yield page
        if len(rest) > LONGEST:
            yield [Damage(line, JUNK, rest)]
            rest = ""
    if rest.strip().strip("]</clasd>."):
        last = _frame(rest, kind, line)
        yield [last if isinstance(last, Event) else last._replace(reason=LAST)]


def _frame(text: str, kind: str, line: int) -> Frame:
    line += len(text) - len(text.lstrip("\n"))
    try:
        ad = json.loads(text.strip().lstrip(BETWEEN)) if kind == "json" else _xml(text)
        code = int(ad["EventTypeNumber"])
        header = HEADER.match(f"{code:03} ({int(ad['Cluster'])}.{int(ad.get('Proc', 0))}.0) {ad['EventTime']} ", CODE)
    except (ValueError, KeyError, TypeError, AttributeError, ElementTree.ParseError):
        return Damage(line, JUNK, text)
    return Event(f"{code:03}", header, _text(code, ad), line) if header else Damage(line, JUNK, text)


def _xml(text: str) -> dict[str, Any]:
    """Raises ValueError for markup that no event log has: entities can grow without limit."""
    begin = text.find("<c>")
    if begin < 0 or "<!" in text[begin:]:
        raise ValueError(text)
    return _values(ElementTree.fromstring(text[begin:]))


def _values(ad: ElementTree.Element) -> dict[str, Any]:
    return {str(each.get("n")): _value(each[0]) for each in ad if len(each)}


def _value(node: ElementTree.Element) -> Any:
    if node.tag == "c":
        return _values(node)
    if node.tag == "l":
        return [_value(each) for each in node]
    return node.get("v") == "t" if node.tag == "b" else (node.text or "")


def _text(code: int, ad: Ad) -> str:
    """What stands behind the header of the event, and its body."""
    if code == 0:
        node = f"DAG Node: {ad['DAGNodeName']}" if "DAGNodeName" in ad else ad.get("StructuredNotes", "")
        return f"Job submitted from host: {ad.get('SubmitHost', '')}\n    {ad.get('LogNotes', '')}\n    {node}"
    if code == 1:
        properties = ad.get("ExecuteProps") or {}
        told = [f"\t{name} = {_written(value)}" for name, value in properties.items()]
        return "\n".join(
            [f"Job executing on host: {ad.get('ExecuteHost', '')}", f"\tSlotName: {ad.get('SlotName', '')}", *told]
        )
    if code in (4, 5):
        return "\n".join(_ended(code, ad))
    if code == 40:
        number = int(ad.get("Type", 0))
        return f"{STEP_NAMES[number] if 0 < number < len(STEP_NAMES) else ''}\n\tTransferring to host: {ad.get('Host', '')}"
    first = f"{'Error' if ad.get('CriticalError', True) else 'Message'} from {ad.get('Daemon', '')} on {ad.get('ExecuteHost', '')}:"
    codes = _codes(ad, "HoldReasonCode", "HoldReasonSubCode")
    return f"{first if code == 21 else ''}\n\t{ad.get(REASONS.get(code, ''), '')}\n\t{codes}"


def _ended(code: int, ad: Ad) -> Iterator[str]:
    yield f"Job was evicted. {_codes(ad, 'ReasonCode', 'ReasonSubCode')}" if code == 4 else "Job terminated."
    if "ReturnValue" in ad:
        yield f"\t(1) Normal termination (return value {ad['ReturnValue']})"
    elif "TerminatedBySignal" in ad:
        yield f"\t(0) Abnormal termination (signal {ad['TerminatedBySignal']})"
    yield f"\t\t{ad.get('RunRemoteUsage', '')}  -  Run Remote Usage"
    for name, words in (("SentBytes", "Sent"), ("ReceivedBytes", "Received")):
        if name in ad:
            yield f"\t{float(ad[name]):.0f}  -  Run Bytes {words} By Job"
    if reason := ad.get("Reason"):
        yield f"\tReason: {reason}"
    yield f"\tPartitionable Resources :{'Usage':>20}{'Request':>20}{'Allocated':>20} Assigned"
    for title, name in ROWS:
        cells = "".join(f"{ad.get(key, ''):>20}" for key in (f"{name}Usage", f"Request{name}", name))
        assigned = f' "{ad["AssignedGPUs"]}"' if name == "GPUs" and "AssignedGPUs" in ad else ""
        yield f"\t   {title:<20} :{cells}{assigned}"


def _codes(ad: Ad, code: str, subcode: str) -> str:
    return f"Code {ad[code]} Subcode {ad.get(subcode, 0)}" if code in ad else ""


def _written(value: Any) -> str:
    """A value as a ClassAd writes it."""
    if isinstance(value, Mapping):
        return f"[ {'; '.join(f'{name} = {_written(each)}' for name, each in value.items())} ]"
    if isinstance(value, list):
        return f"{{ {','.join(map(str, value))} }}"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
