"""This machine's cores as workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Part = TypeVar("Part")
Result = TypeVar("Result")


class LocalWorkers:
    """A process a core, started when there is more than one part; a single part is done in this process."""

    def __init__(self, count: int = 0) -> None:
        """`count` processes at most; 0 is as many as this process may use cores."""
        self._count = count or len(os.sched_getaffinity(0))

    @property
    def count(self) -> int:
        return self._count

    def map(self, function: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        processes = min(self._count, len(parts))
        if processes <= 1:
            yield from map(function, parts)
            return
        import multiprocessing
        import threading

        # A fork is cheap and safe while this is the only thread; a copy of other threads' locks is neither.
        method = "fork" if threading.active_count() == 1 else "forkserver"
        with multiprocessing.get_context(method).Pool(processes) as pool:
            yield from pool.imap_unordered(function, parts)
