"""Work off the event loop: so many at once, equal work once, and a queue that ends."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from gpuledger.serve.refusals import unavailable

T = TypeVar("T")


class Builds:
    """Runs work in `at_once` threads. What is asked for while the same is being made waits for that."""

    def __init__(self, at_once: int, most: int = 64, name: str = "build") -> None:
        self._threads = ThreadPoolExecutor(at_once, name)
        self._most = most
        self._flying: dict[Hashable, asyncio.Future[Any]] = {}

    async def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """The outcome of `work`, or of the equal work that is under way.

        A caller who goes away stops nothing that others wait for. Raises Refused (503) when too much is waiting.
        """
        flying = self._flying.get(key)
        if flying is None:
            if len(self._flying) >= self._most:
                raise unavailable("overloaded", "Too much is being asked for at once; try again in a moment.")
            flying = asyncio.get_running_loop().run_in_executor(self._threads, work)
            self._flying[key] = flying
            flying.add_done_callback(lambda done: self._landed(key, done))
        return cast(T, await asyncio.shield(flying))

    def _landed(self, key: Hashable, done: "asyncio.Future[Any]") -> None:
        del self._flying[key]
        if not done.cancelled():
            done.exception()  # looked at here, for when everybody who waited has gone

    def is_under_way(self, key: Hashable) -> bool:
        """Whether equal work was asked for before; it may have read what has changed since."""
        return key in self._flying

    @property
    def waiting(self) -> int:
        """How many pieces of work are under way or wait."""
        return len(self._flying)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
