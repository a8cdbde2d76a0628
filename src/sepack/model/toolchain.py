"""Where commands run: the Protocol that local, container and guest fulfil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from sepack.model.command import ChainOutcome, Command


class Toolchain(Protocol):
    """A place that holds the compile tools and sees the workspace.

    Used as a context manager. `identity` tells two toolchains apart whose outputs may differ: it is "local" for this
    host, and the image's name, which holds a digest of what made it, for a container.
    """

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, chains: Sequence[Sequence[Command]]) -> Iterator[ChainOutcome]:
        """Run each chain's commands one after the other, chains side by side; yield each chain as it ends.

        Every chain is yielded exactly once, in any order. A failing command ends its own chain only. Abandoning the
        iterator ends what still runs. Raises ToolchainError when the place itself fails (engine gone, image lost).
        """
        ...
