"""How long something takes, on a machine that does other things too.

Limits of tests are three times what an idle machine is allowed (`make bench` prints that): they find what has become slow,
not that the machine is busy.
"""

import time
from collections.abc import Callable

TRIES = 10


def least(measured: Callable[[], float], enough: float) -> float:
    """The least of a few measurements; the first below `enough` is the last."""
    best = measured()
    for _ in range(TRIES - 1):
        if best < enough:
            break
        best = min(best, measured())
    return best


def processor_seconds(work: Callable[[], object]) -> float:
    """What this process spends on `work`, whatever others do meanwhile."""
    start = time.process_time()
    work()
    return time.process_time() - start
