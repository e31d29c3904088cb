"""Metrics to Document: one file a report."""
