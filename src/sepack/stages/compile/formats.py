"""Which module format to write: the lowest that the source needs and the target reads, or the one asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import DeclarationError
from sepack.frozen import frozen
from sepack.stages.compile.constructs import LOWEST

if TYPE_CHECKING:
    from sepack.model.target import FormatRange, Target


class FormatNotReadError(DeclarationError):
    def __init__(self, asked: int, target: Target) -> None:
        super().__init__(
            f"module format {asked} was asked for, and {target.title} reads {target.formats}",
            hint="leave --module-format out: the lowest format that the source needs is then written",
        )


class FormatNotWrittenError(DeclarationError):
    def __init__(self, asked: int, writable: FormatRange) -> None:
        super().__init__(
            f"module format {asked} cannot be written here: this checkmodule writes {writable}",
            hint="build in the target's own container (--toolchain container), or with a newer checkpolicy",
        )


@frozen
class FormatChoice:
    """`first` is tried first; `highest` is the newest that may be tried after it (equal where one was asked for).

    `option` is false for a checkmodule without -c, which writes its newest format and nothing else.
    `why` ends the sentence "… needs module format N, and …".
    """

    first: int
    highest: int
    option: bool
    why: str

    def admits(self, version: int) -> bool:
        return version <= self.highest


def choose_format(target: Target, writable: FormatRange, *, option: bool, asked: int | None) -> FormatChoice:
    """Raises FormatNotReadError, FormatNotWrittenError."""
    if asked is not None and asked not in target.formats:
        raise FormatNotReadError(asked, target)
    first = asked if asked is not None else max(target.formats.oldest, min(LOWEST, target.formats.newest))
    if first not in writable or (not option and writable.newest != first):
        raise FormatNotWrittenError(first, writable)
    if asked is not None:
        return FormatChoice(first=asked, highest=asked, option=option, why=f"format {asked} was asked for")
    highest = min(target.formats.newest, writable.newest) if option else first
    limit = (
        f"{target.title} reads {target.formats} only"
        if highest == target.formats.newest
        else f"the checkmodule here writes {writable} only"
    )
    return FormatChoice(first=first, highest=highest, option=option, why=limit)
