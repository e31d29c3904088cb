"""What of a Document stands in a mail: the same numbers, but fewer blocks, rows and columns, and shorter texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from gpuledger.model.chart import Chart, Grid
from gpuledger.model.document import Block, Definitions, Document, Note, Numbers, Quality, Section, Table, Text
from gpuledger.render.mail.columns import fitting
from gpuledger.render.mail.shorten import line, shortened
from gpuledger.render.names import without_domain

_Block = TypeVar("_Block", bound=Block)
MOST_ROWS = 45
"""Of all tables together, totals and others included: about 1.5 KB each, of a mail of 100."""
_MOST: dict[type, int] = {Numbers: 1, Chart: 3, Table: 6, Text: 3, Note: 12, Quality: 1, Definitions: 1}
"""How many of a kind, in the order of the mail."""
_TABLES, _BANNERS = 4, 5
_LEAST_ROWS = 6


def extract(document: Document, rows: int = MOST_ROWS) -> Document:
    """The Document of a mail, in a mail's order, with at most `rows` rows in its tables; what is left out is said."""
    titles = {block.id: getattr(block, "title", "") for block in document.blocks}
    chosen = _chosen(document, titles)
    tables = [block for block in chosen if isinstance(block, Table)][: _MOST[Table] if rows else 0]
    cut = [_cut(table, share) for table, share in zip(tables, _shares(tables, rows), strict=True)]
    blocks = [*(block for block in chosen if not isinstance(block, Table)), *cut]
    ordered = tuple(shortened(block) for kind in _MOST for block in _of_kind(blocks, kind))
    return replace(
        document,
        title=line(document.title),
        finding=line(document.finding),
        subject=line(document.subject),
        coverage=replace(document.coverage, sentence=line(document.coverage.sentence)),
        sections=(Section("mail", "", ordered),),
        banners=tuple(shortened(_pointing(note, titles)) for note in document.banners[:_BANNERS]),
    )


def _chosen(document: Document, titles: Mapping[str, str]) -> list[Block]:
    """The blocks that the report names, in its order; a report that names none gets what most need."""
    always = [_pointing(block, titles) for block in document.blocks if isinstance(block, Note | Quality)]
    if document.mail:
        known = {block.id: block for block in document.blocks if not isinstance(block, Note | Quality)}
        return [*(known[name] for name in dict.fromkeys(document.mail) if name in known), *always]
    charts = [chart for chart in document.charts if not isinstance(chart.shape, Grid)]
    numbers = [block for block in document.blocks if isinstance(block, Numbers)]
    return [*numbers[:1], *charts[:1], *document.tables[:_TABLES], *always]


def _pointing(block: _Block, titles: Mapping[str, str]) -> _Block:
    """A note whose evidence is a block says so in words."""
    if not isinstance(block, Note) or not titles.get(block.evidence):
        return block
    return replace(block, evidence=f"See “{titles[block.evidence]}”.")


def _of_kind(blocks: Iterable[Block], kind: type) -> list[Block]:
    """The first so many of a kind; of the notes, those that found something first."""
    found = [block for block in blocks if isinstance(block, kind)]
    if kind is Note:
        found.sort(key=lambda note: isinstance(note, Note) and note.level == "ok")
    return found[: _MOST[kind]]


def _shares(tables: Sequence[Table], rows: int) -> list[int]:
    """Rows of each table: a few for every one, what remains for the most important."""
    wanted = [len(table.rows) + (table.totals is not None) + (table.others is not None) for table in tables]
    few = min(_LEAST_ROWS, rows // max(1, len(tables)))
    shares = [min(want, few) for want in wanted]
    left = rows - sum(shares)
    for index, want in enumerate(wanted):
        more = min(left, want - shares[index])
        shares[index] += more
        left -= more
    return shares


def _cut(table: Table, share: int) -> Table:
    """The table with its first rows and the columns that fit side by side; totals and others stay."""
    beside = (table.totals is not None) + (table.others is not None)
    count = len(table.rows)
    table = _short_hosts(replace(table, rows=table.rows[: max(0, share - beside)]))
    kept = fitting(table)
    return replace(
        table,
        columns=tuple(table.columns[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in table.rows),
        totals=None if table.totals is None else tuple(table.totals[i] for i in kept),
        others=None if table.others is None else tuple(table.others[i] for i in kept),
        left_out=" ".join(
            part for part in (table.left_out, _more(count - len(table.rows), len(kept) < len(table.columns))) if part
        ),
    )


def _short_hosts(table: Table) -> Table:
    """A first column of hosts of one domain without it."""
    names, said = without_domain([str(row[0]) for row in table.rows])
    if not said:
        return table
    rows = tuple((name, *row[1:]) for name, row in zip(names, table.rows, strict=True))
    return replace(table, rows=rows, left_out=f"{table.left_out} {said}".strip())


def _more(rows: int, has_columns: bool) -> str:
    """What only the full report shows. Columns are not counted: how many stand here differs from screen to screen."""
    counted = [f"{rows:,} more row{'s' if rows > 1 else ''}"] if rows else []
    said = " and ".join([*counted, *(["more columns"] if has_columns else [])])
    return f"{said[:1].upper()}{said[1:]} in the full report." if said else ""
