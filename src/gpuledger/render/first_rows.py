"""What people read of a Document whose tables are long: their first rows. Programs read the whole."""

from dataclasses import replace

from gpuledger.model.document import Block, Document, Table


def first_rows(document: Document, count: int) -> Document:
    """The same with the first rows of every table, which say that the files beside them hold all."""
    return replace(
        document,
        sections=tuple(
            replace(section, blocks=tuple(_first(block, count) for block in section.blocks))
            for section in document.sections
        ),
    )


def _first(block: Block, count: int) -> Block:
    if not isinstance(block, Table) or len(block.rows) <= count:
        return block
    said = f"The first {count:,} of {len(block.rows):,}; the files (CSV, JSON, XLSX) hold all."
    return replace(block, rows=block.rows[:count], left_out=said)
