"""What is wrong with the keys of a source, whatever the file."""

from typing import TYPE_CHECKING, get_args

from gpuledger.model.events import KINDS

if TYPE_CHECKING:
    from gpuledger.sources.thermal_csv import ThermalCsv


def settings(source: "ThermalCsv") -> None:
    """Raises ValueError for an order of dates or a kind of event that there is not."""
    from gpuledger.sources.thermal_csv import DateOrder

    orders = [order for order in get_args(DateOrder) if order]
    if source.date_order and source.date_order not in orders:
        raise ValueError(f"date_order is {source.date_order!r}; it may be {' or '.join(orders)}")
    for reason, kind in source.reasons.items():
        if kind not in KINDS:
            raise ValueError(f"reasons: {reason!r} is called {kind!r}; an event is one of {', '.join(KINDS)}")
