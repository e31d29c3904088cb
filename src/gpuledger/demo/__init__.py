"""The simulated site: people with habits submit to queues, a real scheduler places their jobs, sacct tells of it.

    people → workload → scheduler (with outages and failures) → records → sacct text
                                                                       ↘ truth (exact totals from the same integers)

Everything is decided by one seeded generator and whole seconds, so the same seed gives the same bytes. What the
simulator knows and what the ledger answers are compared in tests: they share no code.
"""
