"""What to run, and what came of it: both are values, and neither knows where."""

from __future__ import annotations

import shlex
from dataclasses import field
from typing import TYPE_CHECKING

from sepack.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath


@frozen
class Command:
    """One program run in the workspace's root directory, with no standard input and no shell.

    Every path in `argv` is relative to the workspace or belongs to the toolchain's own file system. With `stdout`
    set, standard output goes to that workspace-relative file and `Outcome.stdout` is empty. `env` is added to the
    toolchain's own small environment.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdout: PurePosixPath | None = None

    def __str__(self) -> str:
        """A line that can be pasted into a shell."""
        words = [f"{key}={shlex.quote(value)}" for key, value in self.env.items()]
        words.append(shlex.join(self.argv))
        if self.stdout is not None:
            words += [">", shlex.quote(str(self.stdout))]
        return " ".join(words)


@frozen
class Outcome:
    """What a command did. `exit_code` is 127 when the program was not found, 128+N when signal N ended it."""

    command: Command
    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


@frozen
class ChainOutcome:
    """Outcomes of one chain, in order; the first failure ends the chain, so only the last can be not ok."""

    index: int
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        return all(outcome.ok for outcome in self.outcomes)

    @property
    def last(self) -> Outcome:
        return self.outcomes[-1]
