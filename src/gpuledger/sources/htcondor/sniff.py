"""What an input is, from its first 64 KiB."""

import re

from gpuledger.sources.htcondor.document import HEAD

BOM = b"\xef\xbb\xbf"
_PAIR = re.compile(rb"\s*[A-Za-z_]\w*[ \t]*=[ \t]*\S")
_SLOT_TEXT = tuple(
    re.compile(rb"^" + name + rb"[ \t]*=", re.M | re.I) for name in (b"Name", b"State", b"(Assigned|Available)GPUs")
)
_SLOT_JSON = tuple(
    re.compile(b'"' + name + rb'"\s*:', re.I) for name in (b"Name", b"State", b"(Assigned|Available)GPUs")
)
"""What the ads of slots have; a job's ad may tell AssignedGPUs too, but neither Name nor State."""
_MACHINE = re.compile(rb'^[ \t]*"?MyType"?[ \t]*[=:][ \t]*"Machine"', re.M | re.I)


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
    if not is_json(head) and not is_text(head):
        return None
    signs = _SLOT_JSON if is_json(head) else _SLOT_TEXT
    if not _MACHINE.search(head) and not all(sign.search(head) for sign in signs):
        return None
    return "condor_status -json" if is_json(head) else "condor_status -long"
