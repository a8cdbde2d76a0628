"""This host's own tools."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Self

from sepack.model.command import ChainOutcome, Outcome
from sepack.toolchain.runner import Runner, small_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from sepack.model.command import Command


class LocalToolchain:
    """Runs commands as child processes of this one, `jobs` chains at a time (0: as many as keep this host busy)."""

    name = "local"
    identity = "local"

    def __init__(self, root: Path, jobs: int = 0) -> None:
        self._root = root
        self._jobs = jobs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def run(self, chains: Sequence[Sequence[Command]]) -> Iterator[ChainOutcome]:
        runner = Runner(str(self._root), small_environment())
        plain = [[as_request(command) for command in chain] for chain in chains]
        with closing(runner.run(plain, self._jobs)) as batch:
            for ended in batch:
                for index, results in ended:
                    yield as_chain_outcome(index, chains[index], results)


def as_request(command: Command) -> dict[str, object]:
    """A command as the runner takes it, here or through a pipe."""
    return {
        "argv": list(command.argv),
        "env": dict(command.env),
        "stdout": None if command.stdout is None else str(command.stdout),
    }


def as_chain_outcome(index: int, chain: Sequence[Command], results: Sequence[dict[str, object]]) -> ChainOutcome:
    outcomes = tuple(Outcome(command=command, **result) for command, result in zip(chain, results, strict=False))  # type: ignore[arg-type]
    return ChainOutcome(index=index, outcomes=outcomes)
