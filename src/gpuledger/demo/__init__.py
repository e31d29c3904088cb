"""The simulated site."""
