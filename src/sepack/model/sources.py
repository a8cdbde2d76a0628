"""Rendered policy text, and the way back to the author's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.frozen import frozen
from sepack.model.module import Module, SourceKind

if TYPE_CHECKING:
    from pathlib import PurePosixPath


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
