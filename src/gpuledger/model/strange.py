"""Bytes that no source reads as they are, known by their first: packed another way, or text in another encoding."""

_SIGNS = (
    (b"BZh", "is packed with bzip2; unpack it first (bunzip2)"),
    (b"\xfd7zXZ\x00", "is packed with xz; unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd; unpack it first (unzstd)"),
    (b"PK\x03\x04", "is a zip archive or a workbook; take the text out of it first"),
    (b"\xff\xfe", "is UTF-16 text; convert it first (iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "is UTF-16 text; convert it first (iconv -f UTF-16 -t UTF-8)"),
)


def strange(head: bytes) -> str | None:
    """What the bytes are and what to do about it, to stand after the input's name; None for all others."""
    return next((words for sign, words in _SIGNS if head.startswith(sign)), None)
