"""The text that a tool was given, and the way from its lines to those of the author."""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from sepack.formats.line_marks import Expanded, occurrence, trace
from sepack.frozen import frozen
from sepack.model.module import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sepack.errors import Location
    from sepack.stages.compile.interfaces import InterfaceFile, InterfaceIndex


@frozen
class Place:
    """Where something is: the author's location, and the lines that say how it was reached from somewhere else."""

    where: Location
    reached: tuple[str, ...]


@frozen
class Text:
    """Policy text: expanded, with line marks, where `marked`, or else as rendered.

    `locate` leads from a line of a rendered source to the author's. `index` and `own_files` are the interfaces that
    calls may use and the repository's .if files by module; `unread` says why others of those could not be read.
    `highest` is the newest format that may be written, `formats` ends the sentence that says so.
    """

    text: str
    marked: bool
    locate: Callable[[SourceKind, int], Location]
    index: InterfaceIndex | None = None
    own_files: Mapping[str, InterfaceFile] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    highest: int = 0
    formats: str = ""

    @property
    def interfaces(self) -> Collection[str]:
        return self.index.names if self.index else ()

    def line(self, number: int) -> str:
        lines = self.text.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def last_line(self) -> int:
        """The last line that holds something of the author's."""
        lines = self.text.split("\n")
        full = (n for n in range(len(lines), 0, -1) if lines[n - 1].strip() and not lines[n - 1].startswith("#"))
        return next(full, 1)

    def place(self, number: int, word: str) -> Place:
        """Where `word` on line `number` comes from: the repository's own .if, where it was written there."""
        source = trace(self.text, number) if self.marked else None
        source = source or Expanded(path="", line=number, interfaces=())
        caller = with_column(self.locate(SourceKind.TE, source.line), word)
        chain = [self._named(name) for name in source.interfaces]
        inner = self._within(source, number, word)
        if inner is not None:
            return Place(where=inner, reached=(f"inside {' → '.join(chain)}, called from {caller}",))
        return Place(where=caller, reached=(f"inside {' → '.join(chain)}, called from this line",) if chain else ())

    def _named(self, name: str) -> str:
        module = self.index.own.get(name) if self.index else None
        return f"{name}() of policy/{module}" if module else f"{name}()"

    def _within(self, source: Expanded, number: int, word: str) -> Location | None:
        """The place of `word` in the .if that defines the innermost interface, where that is the repository's own."""
        if not source.interfaces or self.index is None:
            return None
        innermost = source.interfaces[-1]
        file = self.own_files.get(self.index.own.get(innermost, ""))
        nth = occurrence(self.text, number, innermost, word)
        where = file.place_of(innermost, word, nth) if file else None
        return with_column(where, word) if where else None


def with_column(where: Location, word: str) -> Location:
    """`where` with the column of `word` in its line, if it is there exactly as a word."""
    if where.text is None or not word:
        return where
    found = re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", where.text)
    return replace(where, column=found.start() + 1) if found else where
