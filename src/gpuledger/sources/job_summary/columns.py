"""Our own table read by columns: whole pieces of it at once, as long as nothing in them is in doubt.

What is read here is what `attempts.read` reads row by row, ten times as fast. A piece in which any cell is not as we
write it is in `Doubt` and left to that reader, which says what is wrong with which row.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json

from gpuledger.model import job_summary as told
from gpuledger.model.job_summary import OWN, READERS, CellKind
from gpuledger.model.period import BEGINNING, ENDING
from gpuledger.model.schema import ARROW
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, Table
from gpuledger.sources.job_summary.attempts import HELD, NEVER_NULL, logs, not_read, others
from gpuledger.sources.job_summary.cells import NOTHING, Cells, Refused
from gpuledger.sources.job_summary.parts import LIFE, Part

SEQUENCE = "Attempt Sequence"
OF_ATTEMPTS: Mapping[str, tuple[str, CellKind]] = {
    "sequences": (SEQUENCE, "whole"), "retry_limits": (told.RETRY_LIMIT, "whole"),
    "is_done_in_rescue": (told.IS_DONE_IN_RESCUE, "flag"), "is_declared": (told.IS_DECLARED, "flag"),
    "since": (told.TOLD_SINCE, "instant"), "until": (told.TOLD_UNTIL, "instant"),
}  # fmt: skip
"""What a part tells of each attempt beside its rows, under which header and of which kind."""
KEY = ["cluster", "attempt_id"]
NEEDED = HELD | {told.ATTEMPT_GPUS, told.ATTEMPT_EVENTS, SEQUENCE}
ARROW_OF: Mapping[CellKind, pa.DataType] = {
    "instant": ARROW["instant"], "whole": ARROW["whole"], "number": ARROW["number"], "text": ARROW["text"],
    "flag": ARROW["flag"], "texts": ARROW["texts"],
}  # fmt: skip


class Doubt(ValueError):
    """A piece with something that is not as we write it."""


def are_ours(names: Sequence[str]) -> bool:
    """Does the header hold every column of ours, each once and as we write it?"""
    return set(names) >= NEEDED and [*dict.fromkeys(name.strip() for name in names)] == [*names]


def read(piece: bytes, names: Sequence[str], line: int, reported_by: str) -> Part:
    """What some whole rows tell, the first of them on `line`. Raises Doubt."""
    try:
        return _read(_cells(piece, names), line, reported_by)
    except (pa.ArrowException, Refused) as error:
        raise Doubt from error


def _cells(piece: bytes, names: Sequence[str]) -> pa.Table:
    """The cells of our columns as texts, null where they are empty."""
    if b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n"):  # rows end otherwise here than elsewhere
        raise Doubt
    ours = {column.header for column in OWN} | {SEQUENCE}
    wanted = [name for name in names if name in ours or name == names[-1]]
    rows = pyarrow.csv.read_csv(
        pa.BufferReader(piece),
        read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(piece) + 1),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), null_values=[""],
            strings_can_be_null=True, quoted_strings_can_be_null=True,
        ),
    ).combine_chunks()  # fmt: skip
    last = (rows[names[-1]][-1].as_py() or "") if len(rows) else "\n"
    if last.endswith("\n"):  # a quote is open, or the piece was cut within one, or holds nothing
        raise Doubt
    return rows


def _read(rows: pa.Table, line: int, reported_by: str) -> Part:
    there = set(rows.column_names)
    own = [column for column in OWN if column.column and column.header in there]
    attempts = pa.table({column.column: _typed(rows, column.header, column.kind) for column in own})
    attempts = attempts.select(["cluster", *(name for name in attempts.column_names if name != "cluster")])
    _check(attempts)
    beside: dict[str, Any] = {name: _typed(rows, header, kind) for name, (header, kind) in OF_ATTEMPTS.items()}
    is_open = pc.is_null(attempts["ended_at"])
    if pc.any(is_open).as_py():
        attempts = attempts.append_column("reported_by", pc.if_else(is_open, reported_by, pa.scalar(None, pa.string())))
    return Part(
        attempts,
        _listed(rows[told.ATTEMPT_GPUS], ATTEMPT_GPUS, told.GPU_COLUMNS, attempts.select([*KEY, *LIFE])),
        _listed(rows[told.ATTEMPT_EVENTS], ATTEMPT_EVENTS, told.EVENT_COLUMNS, attempts.select(KEY)),
        **beside,
        others=_seldom(rows, told.OTHER_NODES, others),
        logs=_seldom(rows, told.LOGS, logs),
        not_read=_not_read(rows, line),
    )


def _typed(rows: pa.Table, header: str, of: CellKind) -> pa.ChunkedArray:
    """A column's values; nulls where the table lacks it."""
    kind = ARROW_OF[of]
    texts = rows[header] if header in rows.column_names else None
    if texts is None or texts.null_count == len(texts):
        return pa.nulls(len(rows), kind)
    match of:
        case "instant":
            return _near(texts.cast(kind))
        case "whole" | "number":
            return _number(texts, kind)
        case "texts":
            return _texts(texts)
        case _:
            return _each_once(texts, of)


def _near(moments: pa.ChunkedArray) -> pa.ChunkedArray:
    """The moments. Raises Doubt where one is damage."""
    ends = pc.min_max(moments)
    if ends["min"].is_valid and not BEGINNING <= ends["min"].as_py() <= ends["max"].as_py() < ENDING:
        raise Doubt
    return moments


def _number(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    numbers = texts.cast(kind)
    if pa.types.is_integer(kind):
        is_plain = not pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py()  # Arrow reads 0x10
    else:
        is_plain = pc.all(pc.is_finite(numbers)).as_py()
    if not is_plain:
        raise Doubt
    return numbers


def _texts(texts: pa.ChunkedArray) -> pa.Array:
    lists = _lists(texts, pa.string())
    if lists.flatten().null_count:
        raise Doubt
    return lists


def _each_once(texts: pa.ChunkedArray, kind: CellKind) -> pa.Array:
    """Different texts are read once each, by the reader of cells where they are not taken as they stand."""
    coded = texts.combine_chunks().dictionary_encode()
    if kind == "text" and _are_as_they_stand(coded.dictionary):
        return texts
    values = pa.array([_value(text, kind) for text in coded.dictionary.to_pylist()], ARROW_OF[kind])
    return values.take(coded.indices)


def _are_as_they_stand(texts: pa.Array) -> bool:
    is_trimmed = pc.equal(pc.utf8_trim_whitespace(texts), texts)
    is_something = pc.invert(pc.is_in(texts, pa.array(sorted(NOTHING))))
    is_unmarked = pc.invert(pc.starts_with(texts, "'"))
    return bool(pc.all(pc.and_(pc.and_(is_trimmed, is_something), is_unmarked)).as_py())


def _value(text: str, kind: CellKind) -> Any:
    """As `Cells.get` reads it. Raises Doubt."""
    if not (bare := text.strip()) or bare in NOTHING:
        return None
    try:
        return READERS[kind](bare)
    except ValueError:
        raise Doubt from None


def _check(attempts: pa.Table) -> None:
    lacks = any(attempts[name].null_count for name in NEVER_NULL)
    is_backwards = pc.any(pc.less(attempts["ended_at"], attempts["started_at"])).as_py()
    if lacks or is_backwards:
        raise Doubt


def _listed(texts: pa.ChunkedArray, table: Table, columns: Sequence[str], whose: pa.Table) -> pa.Table:
    """The objects of JSON lists as rows, each with the columns of its attempt. Raises Doubt."""
    kinds = {column.name: ARROW[column.kind] for column in table.columns}
    written = [(name, pa.string() if kinds[name] == ARROW["instant"] else kinds[name]) for name in columns]
    lists = _lists(texts, pa.struct(written))
    found = pa.table(lists.flatten().flatten(), names=list(columns))
    _require(found, [name for name in columns if name in table.key])
    own = whose.take(pc.list_parent_indices(lists))
    typed = {name: found[name].cast(kinds[name]) for name in columns}
    return pa.table({**{name: own[name] for name in KEY}, **typed, **{name: own[name] for name in own.column_names}})


def _lists(texts: pa.ChunkedArray, of: pa.DataType) -> pa.Array:
    """JSON lists, null where there is no text. Raises Doubt."""
    if not pc.all(pc.fill_null(pc.starts_with(texts, "["), True)).as_py():
        raise Doubt
    lines = pc.binary_join_element_wise('{"of":', pc.fill_null(texts, "null"), "}\n", "").combine_chunks()
    whole = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "")[0].as_buffer()
    found = pyarrow.json.read_json(
        pa.BufferReader(whole),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=whole.size + 1),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=pa.schema([("of", pa.list_(of))]), unexpected_field_behavior="error"
        ),
    )
    if len(found) != len(texts):  # a cell that holds more than its list
        raise Doubt
    return found["of"].combine_chunks()


def _require(rows: pa.Table, names: Sequence[str]) -> None:
    if any(rows[name].null_count for name in names):
        raise Doubt


def _seldom(rows: pa.Table, header: str, reader: Callable[[Cells], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What a column says that is empty in nearly every row."""
    if header not in rows.column_names:
        return []
    texts = rows[header].drop_null().to_pylist()
    found = [_faultless(Cells({header: 0}, [text]), reader) for text in texts]
    return [row for some in found for row in some]


def _faultless(cells: Cells, reader: Callable[[Cells], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    found = reader(cells)
    if cells.faults:
        raise Doubt
    return found


def _not_read(rows: pa.Table, line: int) -> list[tuple[int, str]]:
    """What the table was made without, with the line that says so: the first one, where we write it."""
    if told.NOT_READ not in rows.column_names or rows[told.NOT_READ].null_count == len(rows):
        return []
    if rows[told.NOT_READ][1:].null_count < len(rows) - 1:
        raise Doubt
    cells = Cells({told.NOT_READ: 0}, [rows[told.NOT_READ][0].as_py()])
    found = [(line, lack) for lack in not_read(cells)]
    if cells.faults:
        raise Doubt
    return found
