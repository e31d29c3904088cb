"""Delimited text (CSV) as a stream of Arrow tables of text, for every source that reads some: nothing of what it means."""
