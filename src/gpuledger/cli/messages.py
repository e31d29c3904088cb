"""What is said on stderr: errors, warnings, logs and progress. Data never comes here, nor a secret."""

import json
import logging
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

LOG = logging.getLogger("gpuledger")
SAID = "is_said"
"""Marks a record that stderr has already."""
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", SAID}


def escaped(text: str) -> str:
    """`text` with control and direction characters written out, so that data cannot command a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else _written(c) for c in text
    )


def _written(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def say(text: str) -> None:
    """A line for the person at the terminal, unless --quiet."""
    if not LOG.handlers or LOG.handlers[0].level < logging.ERROR:
        print(escaped(text), file=sys.stderr)


def warn(text: str) -> None:
    """Something to know that stops nothing."""
    LOG.warning(escaped(text))


def error(text: str) -> None:
    """The one sentence of an error; always printed, and in the log file where there is one."""
    print(f"gpuledger: {escaped(text)}", file=sys.stderr)
    if LOG.handlers:
        LOG.error(text, extra={SAID: True})


def note(text: str, **facts: object) -> None:
    """What a run did, with its facts: for the log file, and for stderr with -v."""
    LOG.info(text, extra=facts)


def log_to(level: str, file: Path | None) -> None:
    """Logs at `level` and above on stderr, all from info (or `level`) to `file` as JSON lines."""
    close_logs()
    LOG.propagate = False
    terminal = logging.StreamHandler()
    terminal.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    terminal.setLevel(level.upper())
    terminal.addFilter(lambda record: not hasattr(record, SAID))
    LOG.addHandler(terminal)
    LOG.setLevel(level.upper())
    if file is None:
        return
    lines_to(file, LOG.name)


def lines_to(file: Path, logger: str) -> logging.Handler:
    """What this logger is told, from info on, goes to `file` too, as JSON lines. Raises ConfigError where it cannot be written."""
    from gpuledger.model.errors import ConfigError

    try:
        lines = logging.FileHandler(file, encoding="utf-8")
    except OSError as problem:
        raise ConfigError(f"The log file {str(file)!r} cannot be written: {problem.strerror}.") from None
    lines.setFormatter(_JsonLine())
    told = logging.getLogger(logger)
    told.addHandler(lines)
    told.setLevel(min(told.getEffectiveLevel(), logging.INFO))
    return lines


def close_logs() -> None:
    """The end of a run."""
    for handler in list(LOG.handlers):
        LOG.removeHandler(handler)
        handler.close()


class _JsonLine(logging.Formatter):
    """time, level, message, and whatever the caller gave as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line = {
            "time": moment,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extra,
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)
