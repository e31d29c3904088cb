"""What is told to files whatever the terminal is told."""

import json
from pathlib import Path

from gpuledger.cli.messages import close_logs, lines_to, log_to
from gpuledger.serve.audit import AUDIT, audit


def test_the_audit_file_is_written_at_every_level_of_the_terminal(tmp_path: Path) -> None:
    """The terminal hears warnings only by default; who signed in is written down all the same."""
    log_to("error", None)
    lines = lines_to(tmp_path / "audit.jsonl", AUDIT.name)
    try:
        audit("login", who="ann")
    finally:
        AUDIT.removeHandler(lines)
        lines.close()
        close_logs()
    [line] = [json.loads(text) for text in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert (line["message"], line["who"]) == ("login", "ann")
