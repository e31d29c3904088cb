"""Sections of the report `experiment`."""
