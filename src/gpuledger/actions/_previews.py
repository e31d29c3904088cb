"""A message as files, to look at before anybody gets it."""

from pathlib import Path

from gpuledger.actions._letters import TEMPLATES, Prepared
from gpuledger.model.errors import LedgerError, NoData
from gpuledger.render.mail import default_templates
from gpuledger.render.mail import preview as page_of


def preview(prepared: Prepared, folder: Path) -> list[Path]:
    """Writes mail.html (its pictures inside), mail.txt and mail.eml. Raises NoData when there is nothing to show."""
    letter, composed = prepared.letter, prepared.composed
    if letter is None or composed is None:
        raise NoData(prepared.hindrances[0].sentence)
    files = {"mail.html": page_of(letter).encode(), "mail.txt": letter.text.encode(), "mail.eml": composed.content}
    return _written(folder, files)


def message_file(prepared: Prepared, file: Path) -> Path:
    """Writes the message itself. Raises NoData when there is none."""
    if prepared.composed is None:
        raise NoData(prepared.hindrances[0].sentence)
    return _written(file.parent, {file.name: prepared.composed.content})[0]


def template_files(folder: Path) -> list[Path]:
    """Writes the built-in templates, to edit; those that are there already are left as they are."""
    built_in = default_templates()
    sources = dict(zip(TEMPLATES, (built_in.subject, built_in.text, built_in.html), strict=True))
    new = {name: (text or "").encode() for name, text in sources.items() if not (folder / name).exists()}
    return _written(folder, new)


def _written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise LedgerError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return [folder / name for name in files]
