"""Files of a site's own, beside its configuration: read whole, or an error that says why not."""

from pathlib import Path
from typing import Any

from gpuledger.model.errors import ConfigError


def text_of(file: Path, what: str) -> str:
    """The file's text. Raises ConfigError when it cannot be read: a list that is missing is never an empty one."""
    try:
        return file.expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"The {what} {str(file)!r} cannot be read: {said}.") from None


def first_line(error: Any) -> str:
    """What a YAML error says, in one line."""
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}: {error.problem}" if mark else str(error).splitlines()[0]
