"""Who did what: one JSON object a line, for the operator. Never a token, a cookie or a query string."""

import logging

AUDIT = logging.getLogger("gpuledger.audit")
LOG = logging.getLogger("gpuledger.serve")


def audit(event: str, **facts: object) -> None:
    """Something a person may be asked about: signing in, uploading, being refused."""
    AUDIT.info(event, extra={"event": event, **facts})
