"""What `collect` reads of configured logs."""

import os
from pathlib import Path

import pytest

from gpuledger.model.errors import ConfigError, SourceError
from gpuledger.sources.condor_log import CondorLog
from tests.sources.condor_log.reading import at, submit

NOW = at("2026-11-20T12:00:00")


def test_every_log_is_read_and_tells_until_it_was_written(tmp_path: Path) -> None:
    for name, moment in (
        ("b.log", "2025-11-04T11:00:00"),
        ("a.log", "2025-11-04T12:00:00"),
        ("c.log", "2027-01-01T00:00:00"),
    ):
        (tmp_path / name).write_text(submit("2025-11-04 10:00:00"))
        os.utime(tmp_path / name, times=(at(moment).timestamp(),) * 2)
    told = [(Path(one.name).name, one.until) for one in CondorLog(path=str(tmp_path / "*.log")).fetch(None, NOW)]
    assert told == [("b.log", at("2025-11-04T11:00:00")), ("a.log", at("2025-11-04T12:00:00")), ("c.log", NOW)]


def test_no_path_and_no_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no `path`"):
        list(CondorLog().fetch(None, NOW))
    with pytest.raises(SourceError, match="There is no file"):
        list(CondorLog(path=str(tmp_path / "*.log")).fetch(None, NOW))
