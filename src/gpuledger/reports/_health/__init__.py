"""The sections of the report on events of devices."""
