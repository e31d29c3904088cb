"""Numbers of what happened to devices: events, each at its moment.

Events are told by whoever saw them; nobody says that nothing happened. A time without an event is not known to be a
healthy one, so nothing here is divided by time, and no part of the calendar without events has a row.
In the order of the data: `dimensions` and `metrics` (declarations), `question`, `answers` and `ask`.
"""
