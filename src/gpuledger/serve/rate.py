"""So many a minute: for what is guessed at, or costs much."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from gpuledger.serve.refusals import Refused

_MOST_KEYS = 10_000
_MINUTE = 60.0


@dataclass
class Rate:
    """At most `most` a minute for each key (an address, a token)."""

    most: int
    what: str
    _seen: "OrderedDict[str, list[float]]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, key: str) -> None:
        """Counts one. Raises Refused (429) that says how long to wait."""
        now = monotonic()
        with self._lock:
            recent = [moment for moment in self._seen.pop(key, []) if moment > now - _MINUTE]
            if len(recent) < self.most:
                recent.append(now)
                wait = 0.0
            else:
                wait = recent[0] + _MINUTE - now
            self._seen[key] = recent
            while len(self._seen) > _MOST_KEYS:
                self._seen.popitem(last=False)
        if wait:
            seconds = str(int(wait) + 1)
            message = f"At most {self.most} {self.what} a minute; try again in {seconds} s."
            raise Refused(429, "too_many", message, headers={"Retry-After": seconds})
