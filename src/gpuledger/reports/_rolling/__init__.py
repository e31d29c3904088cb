"""The parts of the report `rolling`."""
