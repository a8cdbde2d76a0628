"""A container of the release that is built for, with the workspace mounted: one container, many commands.

The container's main process is `runner.py`, spoken to over its standard input and output. When this process ends, in
whatever way, that input ends, so does the runner, and the engine removes the container.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from sepack.toolchain.engine import connect
from sepack.toolchain.errors import ContainerLostError
from sepack.toolchain.image import ensure_image, read_recipe
from sepack.toolchain.local import as_chain_outcome, as_request
from sepack.toolchain.runner import as_bytes
from sepack.toolchain.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from docker import APIClient

    from sepack.model.command import ChainOutcome, Command


class ContainerToolchain:
    """Runs commands in a container of the toolchain image for `target`, `jobs` chains at a time (0: it decides).

    Making one contacts nothing. Entering it finds the engine, builds the image where the engine has none yet (`say`
    gets a line about that), and starts the container. `build_network` is the engine's network for building the image,
    "default" or "host"; commands never have any. `user` is whose files the outputs are: the caller's uid and gid.
    """

    name = "container"

    def __init__(
        self,
        root: Path,
        *,
        target: str,
        base_image: str,
        dockerfile: Path,
        jobs: int = 0,
        build_network: str = "default",
        user: tuple[int, int] | None = None,
        say: Callable[[str], None] = lambda _: None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._root = root.absolute()
        self._recipe = read_recipe(target, base_image, dockerfile, build_network)
        self._jobs = jobs
        self._owner = user or (os.getuid(), os.getgid())
        self._say = say
        self._environ = os.environ if environ is None else environ
        self._client: APIClient | None = None
        self._session: Session | None = None
        self._running = False

    @property
    def identity(self) -> str:
        return self._recipe.name

    def __enter__(self) -> Self:
        self._client = connect(self._environ)
        try:
            ensure_image(self._client, self._recipe, self._say)
            self._session = self._start()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if self._client is not None:
            self._client.close()

    def run(self, chains: Sequence[Sequence[Command]]) -> Iterator[ChainOutcome]:
        """See Toolchain. One batch at a time; one that is abandoned takes its container along."""
        if not chains:
            return
        if self._running:
            raise RuntimeError("a container runs one batch at a time, and the one before has neither ended nor closed")
        request = {"chains": [[as_request(command) for command in chain] for chain in chains], "jobs": self._jobs}
        session = self._session = self._session or self._start()
        unfinished = len(chains)
        self._running = True
        try:
            for answer in session.ask(request):
                for index, results in answer["ended"]:
                    unfinished -= 1
                    yield as_chain_outcome(index, chains[index], [as_bytes(result) for result in results])
                if not unfinished:
                    return
            raise ContainerLostError(self.identity, unfinished, session.ending(), session.last_words())
        finally:
            self._running = False
            if unfinished:
                self._end()

    def _start(self) -> Session:
        assert self._client is not None, "run() belongs inside the with statement"
        return Session(self._client, self.identity, self._root, self._owner)

    def _end(self) -> None:
        if self._session is not None:
            self._session.end()
            self._session = None
