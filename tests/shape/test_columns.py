"""A column's name says its unit; nothing is called utilisation."""

import pytest

from gpuledger.model.columns import UNITS, Column
from gpuledger.model.vocabulary import COLUMNS

KINDS = {
    "_seconds": {"number"}, "_bytes": {"number", "whole"}, "_watts": {"number"}, "_celsius": {"number"},
    "_hertz": {"number"}, "_joules": {"number"}, "_ratio": {"number"}, "_count": {"number", "whole"},
    "_at": {"instant"}, "_on": {"date"},
}  # fmt: skip
MOMENTS = {"time", "since", "until", "local_since", "local_until", "valid_from", "valid_to"}
PURE_NUMBERS = {"priority", "het_index", "array_index"}
columns = pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)


@columns
def test_the_suffix_tells_kind_and_unit(column: Column) -> None:
    suffix = next((suffix for suffix in UNITS if column.name.endswith(suffix)), None)
    if suffix:
        assert column.kind in KINDS[suffix]
        assert column.unit == UNITS[suffix]
    else:
        assert column.kind != "number" or column.name in PURE_NUMBERS
        assert column.kind not in ("instant", "date") or column.name in MOMENTS


@columns
def test_a_flag_asks_a_question(column: Column) -> None:
    assert (column.kind == "flag") == column.name.startswith(("is_", "has_"))


@columns
def test_a_column_says_what_it_means_and_what_null_means(column: Column) -> None:
    assert column.meaning.endswith((".", "…"))
    assert column.null


@columns
def test_utilisation_of_what(column: Column) -> None:
    assert "utili" not in column.name


def test_every_suffix_has_its_kind() -> None:
    assert KINDS.keys() == UNITS.keys()
