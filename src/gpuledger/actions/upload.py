"""A file that somebody sent: read as `ingest` reads a file, with its bytes kept in the raw zone."""

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from gpuledger.actions._hashed import as_configured
from gpuledger.actions._readings import ReadOtherwise
from gpuledger.actions.ingest import Counted, Ingested, Manner, ingest
from gpuledger.config import Ledger
from gpuledger.config.sources import source_named
from gpuledger.model.errors import SourceError
from gpuledger.sources import Context, Fetched


@dataclass(frozen=True)
class Uploaded:
    """What became of it: counts as far as it was read, and why it was not read whole."""

    counted: Ingested | None
    error: str | None = None


def upload(
    ledger: Ledger, source: str, content: BinaryIO, name: str, place: tuple[str | None, str | None], now: datetime
) -> Uploaded:
    """Reads what was sent as `source`; `place` is the zone and cluster that were given with it.

    What concerns the ledger itself (full disk, busy) is raised.
    """
    zone, cluster = place
    context, reader = Context("", zone, cluster, name), source_named(ledger.settings, source)
    try:
        given = as_configured(ledger.settings, reader, Fetched(content, name, None, now), now)
        return Uploaded(
            ingest(ledger, reader, given, context=context, now=now, manner=Manner(is_copied=True, is_upload=True))
        )
    except Counted as error:
        return Uploaded(error.ingested, str(error))
    except ReadOtherwise as error:
        return Uploaded(
            None, f"{error.cause}. Send it with the same zone and cluster, or ask the operator to read it anew."
        )
    except SourceError as error:
        return Uploaded(None, str(error))
