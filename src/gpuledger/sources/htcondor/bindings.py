"""A pool asked through HTCondor's own Python bindings (`htcondor2`, the extra `condor`)."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gpuledger.model.errors import SourceError
from gpuledger.sources.htcondor.attributes import IDLE_GPU_JOBS, JOB, SLOT, kept
from gpuledger.sources.htcondor.document import Ad
from gpuledger.sources.htcondor.values import plain

if TYPE_CHECKING:
    from gpuledger.sources.htcondor import HTCondor

TIMEOUTS = ("QUERY_TIMEOUT", "Q_QUERY_TIMEOUT", "TOOL_TIMEOUT_MULTIPLIER")


class Bindings:
    """One collector and its access points."""

    def __init__(self, source: "HTCondor") -> None:
        self._source = source
        self._api = _imported()
        self._place = source.collector or "the collector of HTCondor's configuration"
        for name in TIMEOUTS[:2]:
            self._api.param[name] = str(int(source.timeout_seconds))
        with self._in_words(self._place):
            self._collector = self._api.Collector(source.collector)
        self.asked = f"htcondor2 {self._api.version()} of {self._place}"

    def slots(self) -> list[Ad]:
        """See `Pool`."""
        with self._in_words(self._place):
            ads = self._collector.query(self._api.AdType.Startd, self._source.constraint, list(SLOT))
        return [told(ad) for ad in ads]

    def schedds(self) -> list[str]:
        """See `Pool`."""
        with self._in_words(self._place):
            ads = self._collector.query(self._api.AdType.Schedd, None, ["Name"])
        return sorted({str(ad["Name"]) for ad in ads if "Name" in ad})

    def idle_jobs(self, schedd: str) -> list[Ad]:
        """See `Pool`."""
        with self._in_words(schedd):
            place = self._collector.locate(self._api.DaemonType.Schedd, schedd)
            if place is None:  # without a place the library would ask this machine's own access point
                raise SourceError(f"{self._place} knows no access point of this name.")
            return [told(ad) for ad in self._api.Schedd(place).query(IDLE_GPU_JOBS, list(JOB))]

    @contextmanager
    def _in_words(self, place: str) -> Iterator[None]:
        """What the library says, as one sentence."""
        try:
            yield
        except (self._api.HTCondorException, OSError, RuntimeError, ValueError) as error:
            said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise SourceError(f"{place} did not answer: {said}.") from error


def _imported() -> Any:
    """The library; without a configuration file on this machine it warns, and asks the collector that is named."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import htcondor2
    return htcondor2


def told(ad: Any) -> Ad:
    """Every attribute evaluated in its ad; undefined and error are left out, references in a list stay names."""
    return kept((name, _evaluated(value, ad)) for name, value in ad.items())


def _evaluated(value: Any, ad: Any) -> Any:
    """One that cannot be evaluated is not known: an odd ad costs no other."""
    from classad2 import ClassAdException, ExprTree, Value

    try:
        known = value.eval(ad) if isinstance(value, ExprTree) else value
    except (ClassAdException, RuntimeError, ValueError, TypeError):
        return None
    if isinstance(known, Value):
        return None
    if isinstance(known, Mapping):
        return {name: _evaluated(each, known) for name, each in known.items()}
    return plain(known)
