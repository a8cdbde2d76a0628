"""Where a function runs over many parts: the Protocol that local cores and a cluster fulfil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Part = TypeVar("Part")
Result = TypeVar("Result")


class Workers(Protocol):
    """Several hands that do the same to different parts."""

    @property
    def count(self) -> int: ...

    def map(self, function: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Each part's result exactly once, in any order; the function, parts and results have to be picklable.

        An exception of the function's is raised here, and ends what still runs.
        """
        ...
