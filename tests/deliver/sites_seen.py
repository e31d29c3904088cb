"""Small sites, and what a reader sees of one: whole and of one making, or not."""

import hashlib
import json
from pathlib import Path

from gpuledger.deliver.sites import POINTERS


def site(folder: Path, word: str, before: str | None = None) -> Path:
    """A site that says `word`, in a folder of its own; with the files of the site before, as `stage` leaves them."""
    place = folder / f"site-{word}"
    names = [_asset(place, word, n) for n in range(4)]
    if before:
        for n in range(4):
            _asset(place, before, n)
    said = {"content": word, "files": [*names, *POINTERS]}
    (place / POINTERS[0]).write_text(json.dumps(said))
    (place / POINTERS[1]).write_text(f"page of {word}")
    return place


def _asset(place: Path, word: str, number: int) -> str:
    content = f"{word} {number}\n" * 2000
    name = f"{'data' if number % 2 else 'assets'}/part{number}.{hashlib.sha256(content.encode()).hexdigest()[:10]}.json"
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(content)
    return name


def seen(place: Path) -> str | None:
    """The word of the site that stands there; None when there is none. Fails when it is a mix of two, or has a hole."""
    if not (place / POINTERS[1]).exists():
        return None
    word = (place / POINTERS[1]).read_text().removeprefix("page of ")
    told = json.loads((place / POINTERS[0]).read_bytes())
    assert told["content"] == word
    for name in told["files"]:
        assert (place / name).is_file(), name
        if name not in POINTERS:
            assert (place / name).read_text().startswith(f"{word} ")
    return word


def files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
