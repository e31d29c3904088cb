"""Numbers of GPUs from readings of their states: each reading stands for the time to the next one.

In the order of the data: `timeline` (how long each reading holds), `facts` (what a GPU was at that moment), `sorting`
(whose capacity it is), `dimensions` and `metrics` (declarations), `question`, `answers` and `series`.
"""
