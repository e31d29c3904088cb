"""The parts of the pool report, in reading order: `scene` asks, the others turn answers into blocks."""
