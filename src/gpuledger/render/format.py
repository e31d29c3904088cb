"""Numbers, lengths of time and instants as people read them (VISUAL.md section 5).

Rounded half away from zero, grouped, with a true minus; small but not nothing is "<0.1"; a ratio is "100 %" only
when it is. `digits` are the decimals of a whole column: those of its largest value (`column_digits`); `finest` is
the same for lengths of time (`column_finest`).
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from gpuledger.model.document import Format, Scalar, Table
from gpuledger.model.period import Period, tzinfo
from gpuledger.render.theme import theme

NULL = str(theme()["number"]["null"])
NOT_COLLECTED = str(theme()["number"]["not_collected"])
NOT_KNOWN, EMPTY = "not known", "(empty)"
SPACE = str(theme()["number"]["unit_space"])
_MINUS = str(theme()["number"]["minus"])
_BELOW = str(theme()["number"]["below"])
_UNITS: Mapping[str, Any] = theme()["number"]["units"]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KEPT = "\u202f\u00a0\u200c\u200d"
"""Not printable for Python, harmless and needed: fixed spaces, joiners of scripts."""
_SIDES = ("first", "second")
_COMPARED = (*_SIDES, "difference", "delta", "low", "high")
"""Keys of the columns of a comparison: its two sides, and how far apart they are."""
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_MINUTE, _HOUR, _LONG = 60, 3600, 172_800
"""Seconds; from the third on, days are counted."""
_PLAIN: Mapping[str, Any] = {"decimals": [[100, 0], [10, 1], [1, 2], [0, 3]]}


def visible(text: str) -> str:
    """`text` with every control, direction-changing or broken character written out, so that none of them acts."""
    return "".join(letter if letter.isprintable() or letter in _KEPT else _written(letter) for letter in text)


def _written(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def is_number(value: object) -> bool:
    """Whether `value` is an amount: finite, and neither a truth value nor text."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: float | None, unit: str, digits: int | None = None, *, suffix: bool = True) -> str:
    """`value` in `unit` (a key of theme.json's `number.units`; another text: no suffix, three figures)."""
    if value is None or not math.isfinite(value):
        return NULL
    spec = _UNITS.get(unit, _PLAIN)
    if spec.get("duration"):
        return duration(value)
    amount, tail = _scaled(value, spec)
    places = digits if digits is not None else 0 if amount == 0 else decimals(amount, spec)
    text = _certain(amount, places) if unit == "ratio" else _rounded(amount, places)
    if spec.get("signed") and amount > 0 and text[0].isdigit():
        text = "+" + text
    if prefix := spec.get("prefix"):
        sign = text[: len(text) - len(text.lstrip(_MINUS + _BELOW))]
        text = sign + prefix + text[len(sign) :]
    return text + (SPACE + tail if suffix and tail else "")


def decimals(amount: Decimal | float, spec: Mapping[str, Any]) -> int:
    """Decimals by size: the first step of the unit that `amount` reaches."""
    for step in spec["decimals"]:
        if isinstance(step, int):
            return step
        if abs(amount) >= step[0]:
            return int(step[1])
    return 0


def written_alike(table: Table, index: int) -> list[Scalar]:
    """The amounts whose largest decides how those of a column are written: its own; of the two sides of a comparison and
    their difference those of all of them, for a reader subtracts one from the other."""
    column, places = table.columns[index], {index}
    if column.key in _COMPARED and {*_SIDES} <= {one.key for one in table.columns}:
        places = {n for n, one in enumerate(table.columns) if one.key in _COMPARED and one.format == column.format}
    return [row[place] for row in table.rows for place in sorted(places)]


def column_digits(values: Iterable[Scalar], unit: str) -> int | None:
    """One count of decimals for a whole column, None where each value has its own unit (lengths of time, bytes)."""
    spec = _UNITS.get(unit)
    if spec is None or spec.get("duration") or spec.get("iec"):
        return None
    sizes = [abs(_scaled(float(v), spec)[0]) for v in values if is_number(v)]  # type: ignore[arg-type]
    return decimals(max(sizes, default=Decimal(0)), spec)


def unit_word(unit: str) -> str:
    """The unit as it stands beside a title: "GiB"; nothing where values carry it themselves or count things."""
    spec = _UNITS.get(unit)
    if spec is None:
        return unit
    return "" if spec.get("duration") or spec.get("iec") else str(spec.get("suffix") or spec.get("prefix") or "")


def unit_beside(label: str, unit: str) -> str:
    """`unit` as it stands beside `label`: nothing where the label says it already ("CPU-hours" of "hours")."""
    return "" if _unit_words(unit) <= _unit_words(label) else unit


def _unit_words(text: str) -> set[str]:
    return {"h" if word in ("hour", "hours") else word for word in re.findall(r"[^\W_]+|[^\w\s]", text.lower())} - {"-"}


def column_finest(values: Iterable[Scalar], unit: str) -> int | None:
    """Seconds of the smaller of the two units that the longest time of a column takes: its shorter ones go no finer."""
    if not _UNITS.get(unit, _PLAIN).get("duration"):
        return None
    longest = max((abs(float(v)) for v in values if is_number(v)), default=0.0)  # type: ignore[arg-type]
    return _HOUR if longest >= _LONG else _MINUTE if longest >= _HOUR else None


def duration(seconds: float, finest: int | None = None) -> str:
    """Two units at most ("21 min", "37 h 30 min", "4 d 6 h"); less than a second is said to be.

    In a column of one `finest` unit (`column_finest`) every time that reaches it ends in it: "1 d 23 h" beside "2 d 12 h",
    "3 h 00 min" beside "47 h 04 min". A shorter one keeps its own unit: something is never printed as nothing.
    """
    if seconds < 0:
        return _MINUS + duration(-seconds, finest)
    if 0 < seconds < 0.5:
        return f"{_BELOW}1{SPACE}s"
    whole = int(seconds + 0.5)
    if finest is not None and whole >= finest:
        return _ending_in(whole, finest)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < _HOUR:
        return f"{whole // 60}{SPACE}min"
    if whole < _LONG:
        minutes = whole % 3600 // 60
        return f"{whole // 3600}{SPACE}h" + (f" {minutes:02d}{SPACE}min" if minutes else "")
    hours = whole % 86_400 // 3600
    return f"{whole // 86_400:,}{SPACE}d" + (f" {hours}{SPACE}h" if hours else "")


def _ending_in(whole: int, finest: int) -> str:
    if finest == _HOUR:
        days, hours = divmod(whole // _HOUR, 24)
        return (f"{days:,}{SPACE}d " if days else "") + f"{hours}{SPACE}h"
    hours, minutes = divmod(whole // _MINUTE, 60)
    return f"{hours:,}{SPACE}h {minutes:02d}{SPACE}min" if hours else f"{minutes}{SPACE}min"


def day(moment: date, *, year: bool = False) -> str:
    """The day as "1 Nov", or "1 Nov 2026"."""
    return f"{moment.day} {_MONTHS[moment.month - 1]}" + (f" {moment.year}" if year else "")


def stamp(moment: datetime, zone: str, *, year: bool = False) -> str:
    """The instant as "16 Nov 14:00" in the display zone, which the view names once."""
    local = moment.astimezone(tzinfo(zone))
    return f"{day(local, year=year)} {local:%H:%M}"


def between(start: datetime, end: datetime, zone: str) -> str:
    """An interval as "16 Nov 14:00 – 16 Nov 15:00"; of less than a minute "5 s from 16 Nov 14:00"."""
    if (end - start).total_seconds() < 60:
        return f"{duration((end - start).total_seconds())} from {stamp(start, zone)}"
    return f"{stamp(start, zone)} – {stamp(end, zone)}"


def span(period: Period, zone: str) -> str:
    """A period as people say it: whole days by their dates (the last one included), else by stamps."""
    start, end = (moment.astimezone(tzinfo(zone)) for moment in (period.start, period.end))
    if any((moment.hour, moment.minute, moment.second) != (0, 0, 0) for moment in (start, end)):
        return f"{stamp(start, zone, year=start.year != end.year)} – {stamp(end, zone, year=True)} {zone}"
    last = date.fromordinal(end.toordinal() - 1)
    if last == start.date():
        return f"{day(last, year=True)} {zone}"
    return f"{day(start, year=start.year != last.year)} – {day(last, year=True)} {zone}"


def cell(
    value: Scalar,
    unit: Format,
    zone: str,
    digits: int | None = None,
    *,
    suffix: bool = False,
    finest: int | None = None,
) -> str:
    """A table's or card's value as text. The unit stands in the head, except for ratios, points and times."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NULL
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return stamp(value, zone, year=True)
    if isinstance(value, date):
        return day(value, year=True)
    if isinstance(value, str) or unit in ("text", "instant", "date"):
        return str(value)
    if finest is not None:
        return duration(value, finest)
    return number(value, unit, digits, suffix=suffix or unit in ("ratio", "point", "second", "byte"))


def machine(value: Scalar) -> str:
    """The value as a program reads it: ISO instants in UTC, full precision, "" for null."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def _scaled(value: float, spec: Mapping[str, Any]) -> tuple[Decimal, str]:
    amount = Decimal(repr(float(value))) * spec.get("scale", 1)
    tail = str(spec.get("suffix", ""))
    if not spec.get("iec"):
        return amount, tail
    for prefix in ("", "Ki", "Mi", "Gi", "Ti"):
        if abs(amount) < 1024:
            return amount, prefix + "B"
        amount /= 1024
    return amount, "PiB"


def _rounded(amount: Decimal, digits: int) -> str:
    smallest = Decimal(1).scaleb(-digits)
    if amount and abs(amount) < smallest / 2:
        # A small loss is not a gain: the sign stays outside the bound.
        return (_MINUS if amount < 0 else "") + _BELOW + _grouped(smallest, digits)
    size = abs(amount).quantize(smallest, context=_EXACT)
    return (_MINUS if amount < 0 else "") + _grouped(size, digits)


def _certain(amount: Decimal, digits: int) -> str:
    """A ratio in percent that never becomes 100 by rounding, from either side."""
    smallest = Decimal(1).scaleb(-digits)
    if 0 < 100 - amount <= smallest / 2:
        return _grouped(100 - smallest, digits)
    if 0 < amount - 100 < smallest / 2:
        return ">" + _grouped(Decimal(100), digits)
    return _rounded(amount, digits)


def _grouped(size: Decimal, digits: int) -> str:
    signs = theme()["number"]
    return f"{size:,.{digits}f}".translate(str.maketrans({",": signs["group"], ".": signs["decimal"]}))
