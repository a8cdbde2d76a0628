"""Rendered policy text, and the way back to the author's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.frozen import frozen
from sepack.model.module import Module, SourceKind

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from sepack.errors import Location


# What `{{ learned.rules }}` and `{{ learned.file_contexts }}` leave in a template's text until its dialect is known.
LEARNED_MARKS = {
    SourceKind.TE: "# sepack puts what the ledger allows here.",
    SourceKind.FC: "# sepack puts the ledger's file contexts here.",
}
LEARNED_VARIABLES = {SourceKind.TE: "learned.rules", SourceKind.FC: "learned.file_contexts"}


@frozen
class Learned:
    """The lines of a text that come from the module's ledger: `places` has one for each, `first` counts from 1.

    `authored` is the text without them, in which `replaced` lines stood in their place.
    """

    first: int
    places: tuple[Location, ...]
    authored: str
    replaced: int


@frozen
class SourceText:
    """One rendered file. `origin` is the author's file (a template of the wheel's is given by its path there).

    `templates` are the templates that took part, by the name they were asked for, the first one's own file excluded.
    """

    kind: SourceKind
    text: str
    origin: PurePosixPath
    templated: bool
    templates: tuple[str, ...] = ()
    learned: Learned | None = None


@frozen
class Sources:
    """The rendered .te and, where there are any, .fc and .if of one module for one target; `notes` are for a person."""

    module: Module
    texts: tuple[SourceText, ...]
    notes: tuple[str, ...] = ()

    def get(self, kind: SourceKind) -> SourceText | None:
        return next((text for text in self.texts if text.kind is kind), None)

    @property
    def te(self) -> SourceText:
        return next(text for text in self.texts if text.kind is SourceKind.TE)
