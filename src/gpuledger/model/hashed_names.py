"""Users, hosts and addresses in the text of HTCondor's files under pseudonyms, before anybody keeps the bytes.

What sites and counts are told by stays: the domain of a host, the name of a slot. A host's own name becomes
`host-3f9a1c07` (with its domain or without: one name), an address `ip-3f9a1c07`, a user `user-3f9a1c07`: the same wherever one salt is used, in every file, and
nothing that can be turned back without it. Done twice changes nothing.

A user is told by what stands around the name ("by user ann", "/home/ann"). A name that an input tells so anywhere is
replaced wherever it stands as a word of a sentence too ("owner ann").
"""

import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import BinaryIO, cast

from gpuledger.model.pseudonym import digest

_OURS = re.compile(r"(?:user|host|ip)-[0-9a-f]{8}")
_USERS = re.compile(
    rb"(\bby user |/(?:home|Users|users|staging|scratch)/|\baccounting_group_user\s*=\s*"
    rb'|\b(?:Owner|OsUser|RemoteOwner|RemoteUser|User)"?\s*[=:]\s*")([A-Za-z_][\w.+-]*)',
)
_HOSTS = re.compile(
    rb'(alias(?:=|%3[dD])|\bPrivNet=|\b(?:access|execution) point |\bGlobalJobId"?\s*[=:]\s*"|\bMachine"?\s*[=:]\s*")([A-Za-z0-9][\w.-]*+)(?!@)'
)
_AT = re.compile(rb"(?:\b([A-Za-z][\w.+-]*))?@([A-Za-z0-9][\w.-]*+)(?!@)")
_ADDRESSES = re.compile(
    rb"(?:(?<![\w.-])|(?<=%3[dD])|(?<=%2[bB]))(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\.\d)(?!\w)|(?<=\[)[0-9a-fA-F]{1,4}(?:[:-][0-9a-fA-F]{0,4}){2,7}(?=\])"
)
_SLOTS = (b"slot", b"glidein")
"""What stands before the `@` of a slot's name; anything else there is a user."""


_NAME = rb"([A-Za-z_][\w.+-]*)"
_TOLD_BY = tuple(
    re.compile(before + _NAME)
    for before in (
        rb"by user ", rb"/home/", rb"/Users/", rb"/users/", rb"/staging/", rb"/scratch/", rb"accounting_group_user\s*=\s*",
        rb'Owner"?\s*[=:]\s*"', rb'User"?\s*[=:]\s*"',
    )
)  # fmt: skip
"""What stands before a user's name, each with a beginning that is found fast: these look at every byte of an input."""
_BEFORE = re.compile(rb"[A-Za-z][\w.+-]*\Z")
LONGEST = 64
_SENTENCE = re.compile(
    rb"(?=[ \t]+\S+ \S+ \S)(?!\s*(?:DAG Node:|SlotName:|Transferring to host|Partitionable|\(\d\) |Usr |[\w.]+ *(?:\(\w+\))? *[:=] *[\d\[{]))"
    rb'|\W*\w*Reason\w*"?\s*[:=]\s*"|\W*\w+Message"?\s*[:=]\s*"'
)
"""How a line begins that holds words for people: in the body of an event, or a reason in an ad."""
SHORTEST = 3
"""A shorter name is a word too often."""
NOBODY = frozenset({b"condor", b"root", b"nobody", b"user", b"job", b"the"})
"""Accounts and words that are no person's name."""
BLOCK = 1 << 23


def hashed_blocks(content: BinaryIO, salt: bytes) -> Iterator[bytes]:
    """The same of a stream, whole lines at a time. It is read twice: first for the names."""
    with tempfile.SpooledTemporaryFile(BLOCK) as kept:
        again = cast("BinaryIO", content if content.seekable() else kept)
        begin = again.tell()
        known = set[bytes]()
        for block in _blocks(content):
            known |= users(block)
            if again is not content:
                kept.write(block)
        again.seek(begin)
        for block in _blocks(again):
            yield hashed(block, salt, known)


def _blocks(content: BinaryIO) -> Iterator[bytes]:
    while block := content.read(BLOCK):
        yield block + content.readline(BLOCK)


def users(content: bytes) -> set[bytes]:
    """The users that the text names by what stands around them, but for those whose name is a word."""
    found = {each[1] for told_by in _TOLD_BY for each in told_by.finditer(content)}
    at = content.find(b"@")
    while at >= 0:
        before = _BEFORE.search(content, max(at - LONGEST, 0), at)
        found |= {before[0]} if before and not before[0].startswith(_SLOTS) else set()
        at = content.find(b"@", at + 1)
    return {
        name for name in found if len(name) >= SHORTEST and name not in NOBODY and not _OURS.fullmatch(name.decode())
    }


def hashed(content: bytes, salt: bytes, known: Collection[bytes] | None = None) -> bytes:
    """The text with every such name replaced; lines stay lines. `known` are users, without them those of the text."""
    name = _pseudonyms(salt)
    known = users(content) if known is None else known
    for user in sorted(known):
        word = re.escape(user)
        alone = re.compile(word + rb"(?<![\w.@/-]" + word + rb")(?![\w@/-]|\.\w)")
        content = alone.sub(lambda found: name("user", found[0]) if _is_of_sentence(found) else found[0], content)
    content = _USERS.sub(lambda found: found[1] + name("user", found[2]), content)
    content = _HOSTS.sub(lambda found: found[1] + name("host", found[2]), content)
    content = _AT.sub(lambda found: _at(found, name), content)
    return _ADDRESSES.sub(lambda found: name("ip", found[0]), content)


def _is_of_sentence(found: re.Match[bytes]) -> bool:
    text = found.string
    return _SENTENCE.match(text, text.rfind(b"\n", 0, found.start()) + 1) is not None


def _at(found: re.Match[bytes], name: Callable[[str, bytes], bytes]) -> bytes:
    before = found[1] or b""
    is_user = before and not before.startswith(_SLOTS)
    return (name("user", before) if is_user else before) + b"@" + name("host", found[2])


@lru_cache(maxsize=8)
def _pseudonyms(salt: bytes) -> Callable[[str, bytes], bytes]:
    @lru_cache(maxsize=1 << 16)
    def name(kind: str, told: bytes) -> bytes:
        text = told.decode("ascii", "replace")
        own, dot, domain = text.partition(".") if kind == "host" else (text, "", "")
        if not own or _OURS.fullmatch(own):
            return told
        return f"{digest(kind, own.lower() if kind == 'host' else own, salt)}{dot}{domain}".encode()

    return name
