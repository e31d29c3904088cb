"""Each number once: metric definitions, dimensions, and `ask`."""
