"""The settings in force as text, secrets left out."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gpuledger.config.loading import Loaded

HIDDEN = "(hidden)"
_SECRET = re.compile(r"(^|_)(password|passwd|secret|token|api_?key|key|salt|credentials?)$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Is a key of this name a password, a token or the like?"""
    return bool(_SECRET.search(name))


def shown(loaded: Loaded) -> Iterator[tuple[str, Any, str]]:
    """(setting, value, where it was said), tables flattened to dotted names; no secret among the values."""
    for key, value in loaded.settings.model_dump(mode="json").items():
        origin = loaded.origins.get(key, "default")
        yield from ((name, item, origin) for name, item in _flat(key, value))


def without_secrets(name: str, value: Any) -> Any:
    """`value`, or "(hidden)" when `name` says it is a secret; the password of a URL is taken out."""
    if is_secret(name.rsplit(".", 1)[-1]) and value not in (None, ""):
        return HIDDEN
    if name.startswith("channels.") and name.endswith((".url", ".urls")):
        return _service_only(str(value))
    if isinstance(value, str) and "://" in value and "@" in value:
        parts = urlsplit(value)
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{user}:{HIDDEN}@{host}" if password else parts.netloc))
    return value


def _service_only(urls: str) -> str:
    """Of a channel's URLs the service alone: the rest is what lets one post."""
    return ", ".join(f"{url.split('://')[0].strip()}://{HIDDEN}" for url in urls.splitlines() if "://" in url) or HIDDEN


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(f"{name}.{key}", item)
    else:
        yield name, without_secrets(name, value)
