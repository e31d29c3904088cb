"""Users, hosts and addresses in the text of HTCondor's files under pseudonyms, before anybody keeps the bytes.

What sites and counts are told by stays: the domain of a host, the name of a slot. A host's own name becomes
`host-3f9a1c07` (with its domain or without: one name), an address `ip-3f9a1c07`, a user `user-3f9a1c07`: the same wherever one salt is used, in every file, and
nothing that can be turned back without it. Done twice changes nothing.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import BinaryIO

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
SLOTS = ("slot", "glidein")
"""What stands before the `@` of a slot's name; anything else there is a user."""


BLOCK = 1 << 23


def hashed_blocks(content: BinaryIO, salt: bytes) -> Iterator[bytes]:
    """The same of a stream, whole lines at a time."""
    while block := content.read(BLOCK):
        yield hashed(block + content.readline(BLOCK), salt)


def hashed(content: bytes, salt: bytes) -> bytes:
    """The text with every such name replaced; lines stay lines."""
    name = _pseudonyms(salt)
    content = _USERS.sub(lambda found: found[1] + name("user", found[2]), content)
    content = _HOSTS.sub(lambda found: found[1] + name("host", found[2]), content)
    content = _AT.sub(lambda found: _at(found, name), content)
    return _ADDRESSES.sub(lambda found: name("ip", found[0]), content)


def _at(found: re.Match[bytes], name: Callable[[str, bytes], bytes]) -> bytes:
    before = found[1] or b""
    is_user = before and not before.decode("ascii").startswith(SLOTS)
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
