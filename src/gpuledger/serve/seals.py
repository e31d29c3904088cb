"""What a client brings back to us unread and unchanged: encrypted and signed with a key of ours."""

import hashlib
import hmac

_SIGNATURE = 16
"""Bytes."""


def sealed(plain: bytes, key: bytes) -> bytes:
    """The same for the same text: the signature of the text stands before it and chooses how it is encrypted."""
    signature = _signature(plain, key)
    return signature + _mixed(plain, signature, key)


def opened(seal: bytes, key: bytes) -> bytes:
    """The text. Raises ValueError for what is not sealed with this key."""
    signature, content = seal[:_SIGNATURE], seal[_SIGNATURE:]
    plain = _mixed(content, signature, key)
    if not hmac.compare_digest(signature, _signature(plain, key)):
        raise ValueError("This is no seal of ours.")
    return plain


def _signature(plain: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"signature\0" + plain, "sha256")[:_SIGNATURE]


def _mixed(text: bytes, signature: bytes, key: bytes) -> bytes:
    stream = hashlib.shake_256(hmac.digest(key, b"stream\0" + signature, "sha256")).digest(len(text))
    return bytes(a ^ b for a, b in zip(text, stream, strict=True))
