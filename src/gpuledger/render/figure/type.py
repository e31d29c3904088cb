"""The type of figures: DejaVu Sans, its widths, and what it can show."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font

from gpuledger.render.format import visible
from gpuledger.render.theme import theme

BOLDER = 1.14
"""How much wider bold letters run, on the safe side."""
_LAST_MEASURED = 0x2030
_BOX = "□"


@cache
def font(*, is_bold: bool = False) -> FontProperties:
    """The one family of all figures."""
    return FontProperties(family=theme()["font"]["figure"], weight="bold" if is_bold else "normal")


def measure(text: str, size: float) -> float:
    """Width of `text` in pixels, as the font sets it."""
    widths = _advances()
    return sum(widths[ord(letter)] if ord(letter) in widths else _advance(letter) for letter in text) * size


def printable(text: str) -> str:
    """`text` with its controls written out and a box for what the font cannot show (the tables have the whole name)."""
    known = _glyphs()
    return "".join(letter if ord(letter) in known else _BOX for letter in visible(text))


def lines(text: str, size: float, width: float) -> list[str]:
    """`text` wrapped to `width` pixels; a word longer than a line is broken."""
    found: list[str] = []
    for word in visible(text).split():
        joined = f"{found[-1]} {word}" if found else word
        if found and measure(joined, size) <= width:
            found[-1] = joined
        else:
            found += _pieces(word, size, width)
    return found


def _pieces(word: str, size: float, width: float) -> Iterator[str]:
    while measure(word, size) > width:
        count = max(1, int(len(word) * width / measure(word, size)) - 1)
        yield word[:count]
        word = word[count:]
    yield word


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(font())).get_charmap())


@cache
def _advances() -> Mapping[int, float]:
    """Glyph widths at 1 pixel, read once: measuring a text is then a sum."""
    codes = (code for code in range(32, _LAST_MEASURED) if code in _glyphs())
    return {code: _width(code) for code in codes}


@lru_cache(maxsize=4096)
def _advance(letter: str) -> float:
    """The width of a rarer letter, of the box where there is none."""
    return _width(ord(letter) if ord(letter) in _glyphs() else ord(_BOX))


def _width(code: int) -> float:
    face = get_font(findfont(font()))
    face.set_size(100, 72)
    return float(face.load_char(code).linearHoriAdvance) / 65536 / 100
