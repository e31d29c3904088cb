"""A mail's content before any header: subject, text, HTML and the pictures it shows."""

from dataclasses import dataclass
from pathlib import Path

from gpuledger.model.errors import ConfigError


@dataclass(frozen=True)
class Figure:
    """A picture of the HTML part, shown as `cid:<cid>`; `alt` is its title and finding."""

    cid: str
    png: bytes
    alt: str


@dataclass(frozen=True)
class Letter:
    """Both parts say the same words and numbers; `subject` is one line without controls."""

    subject: str
    text: str
    html: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Templates:
    """Sources of the user's own templates; None is the built-in one. `names` are their files, for messages."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None
    names: tuple[str, str, str] = ("subject.txt", "mail.txt", "mail.html")

    @classmethod
    def read(cls, subject: Path | None = None, text: Path | None = None, html: Path | None = None) -> "Templates":
        """The templates of these files. Raises ConfigError for one that cannot be read."""
        sources = [None if path is None else _source(path) for path in (subject, text, html)]
        given = zip((subject, text, html), cls.names, strict=True)
        names = tuple(name if path is None else str(path) for path, name in given)
        return cls(sources[0], sources[1], sources[2], (names[0], names[1], names[2]))


def _source(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"The template {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The template {path} is not UTF-8 text; save it as UTF-8.") from error
