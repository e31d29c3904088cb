"""Takes secrets out of ads before they are kept. JSON is cleaned value by value, so that it stays JSON."""

import json
import re

from gpuledger.model.secrets import without_secret, without_secrets
from gpuledger.sources.htcondor.sniff import is_text

_CLAIM = re.compile(rb'^([\t ]*(?:ClaimIds?|Capability)[\t ]*=[\t ]*)"(?:[^"\\\r\n]|\\.)*"', re.M | re.I)
"""Who knows it may use the slot."""
_SECRET_KEY = re.compile(rb"env|environment|claimids?|capability|\w*(?:passw|token|secret|credential)\w*", re.I)
_STRING = rb'"(?:[^"\\]|\\.)*"'
_VALUE = re.compile(rb'(?:"(\w+)"(\s*:\s*))?(' + _STRING + rb")", re.S)
_REMOVED = b'"[removed]"'


def redacted(content: bytes) -> bytes:
    """Without the values of environments, claims, tokens and keys."""
    if is_text(content):
        return _CLAIM.sub(rb"\1" + _REMOVED, without_secrets(content))
    if without_secrets(content) == content and b'"claimid' not in content.lower():
        return content
    return _VALUE.sub(_cleaned, content)


def _cleaned(match: "re.Match[bytes]") -> bytes:
    """One text of JSON, and the key before it where there is one."""
    key, sign, value = match[1], match[2], match[3]
    before = b'"' + key + b'"' + sign if key is not None else b""
    if key is not None and _SECRET_KEY.fullmatch(key):
        return before + _REMOVED
    return before + _text_cleaned(value)


def _text_cleaned(value: bytes) -> bytes:
    try:
        told = json.loads(value)
    except ValueError:
        return _REMOVED
    clean = without_secret(told)
    return value if clean == told else json.dumps(clean).encode()
