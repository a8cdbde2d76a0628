"""The base of every error a person sees, the place it points at, and the exit codes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from sepack.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath


class ExitCode(enum.IntEnum):
    """What the process's exit status means; the only list of them."""

    DONE = 0
    USAGE = 1
    DECLARATION = 2
    TOOL_MISSING = 3
    BUILD = 4
    FINDINGS = 5
    PUBLISH_REFUSED = 6
    NOT_UNDERSTOOD = 7
    PROPOSAL = 10
    REFUSALS = 11
    INTERRUPT = 130
    CLOSED_PIPE = 141
    TERMINATED = 143


@frozen
class Location:
    """A place in a file of the author's.

    `path` is relative to the workspace; `line` and `column` count from 1; `text` is the line itself, without its end.
    """

    path: PurePosixPath
    line: int | None = None
    column: int | None = None
    text: str | None = None

    def __str__(self) -> str:
        parts = [str(self.path), *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)


class SepackError(Exception):
    """What happened, where, why, and what to do next.

    Subclasses live in the room that raises them, take facts, and compose the sentences. `brief` is one sentence on
    what happened, `details` are further lines (a tool's own words, for one), `hint` says what to do next.
    """

    exit_code: ExitCode = ExitCode.BUILD

    def __init__(
        self, brief: str, *, where: Location | None = None, details: Sequence[str] = (), hint: str = ""
    ) -> None:
        super().__init__(brief)
        self.brief = brief
        self.where = where
        self.details = tuple(details)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.brief}" if self.where else self.brief


class DeclarationError(SepackError):
    """Something that a person declared (module.toml, invoke.yaml, a name on the command line) is wrong."""

    exit_code = ExitCode.DECLARATION


class ToolMissingError(SepackError):
    """A program that is needed is not there."""

    exit_code = ExitCode.TOOL_MISSING
