"""What an input is, from its first 64 KiB."""

import re

from gpuledger.sources.htcondor.document import HEAD

BOM = b"\xef\xbb\xbf"
_PAIR = re.compile(rb"\s*[A-Za-z_]\w*[ \t]*=[ \t]*\S")
_SLOT_TEXT = re.compile(rb'^(MyType\s*=\s*"Machine"|(Assigned|Available)GPUs\s*=)', re.M | re.I)
_SLOT_JSON = re.compile(rb'"(MyType"\s*:\s*"Machine"|(Assigned|Available)GPUs"\s*:)', re.I)


def is_poll(head: bytes) -> bool:
    """An answer of our own poll, as the raw zone keeps it."""
    return head.startswith(HEAD)


def is_json(head: bytes) -> bool:
    """`-json`: an array of ads."""
    return head.removeprefix(BOM).lstrip()[:1] == b"["


def is_text(head: bytes) -> bool:
    """`-long`: a line for each attribute."""
    return bool(_PAIR.match(head.removeprefix(BOM)))


def recognised(head: bytes) -> str | None:
    """The input in words, None when it is not of slots."""
    if is_poll(head):
        return "an answer of an HTCondor poll"
    if is_json(head):
        return "condor_status -json" if _SLOT_JSON.search(head) else None
    return "condor_status -long" if is_text(head) and _SLOT_TEXT.search(head) else None
