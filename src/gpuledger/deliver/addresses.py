"""Addresses and header lines: text from people and data, made safe before it reaches a header or a program."""

import re
import unicodedata
from email.policy import SMTP
from typing import Any

_ADDRESS = re.compile(r"(?!-)[\x21-\x7e]+@[A-Za-z0-9][A-Za-z0-9.-]*")
"""One that a server and a program's arguments can be told as it is: ASCII, no blank, no leading dash."""


def address_of(text: str) -> str:
    """The bare address of `Name <address>`. Raises ValueError for anything but one address a server can be told."""
    wanted = "write name@example.edu or Name <name@example.edu>"
    if one_line(text) != text.strip():
        raise ValueError(f"{one_line(text)!r} holds a line break or a control character; {wanted}")
    header: Any = SMTP.header_factory("To", text)
    found = [address.addr_spec for address in header.addresses]
    if len(found) != 1 or header.defects or not _ADDRESS.fullmatch(found[0]):
        raise ValueError(f"{one_line(text)!r} is not one address; {wanted}")
    return str(found[0])


def one_line(text: str) -> str:
    """`text` fit for a header: no line break, no control or direction character."""
    plain = (" " if c.isspace() else c for c in text)
    return " ".join("".join(c for c in plain if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")).split())
