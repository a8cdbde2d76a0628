"""From a module to a candidate for the compiler, with the way back to the author's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import Location, SepackError
from sepack.stages.compile.candidate import Candidate, consider
from sepack.stages.render import locate, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.model.module import Module, SourceKind
    from sepack.model.sources import Sources
    from sepack.model.target import Target
    from sepack.workspace import Workspace


def rendered(module: Module, target: Target, workspace: Workspace) -> Candidate | tuple[SepackError, ...]:
    """The candidate, or all that is wrong with the module's text before any compiler has seen it."""
    try:
        sources = render(module, target, workspace)
    except SepackError as error:
        return (error,)
    result = consider(sources, locator(sources, target, workspace))
    return result if isinstance(result, Candidate) else tuple(result)


def locator(sources: Sources, target: Target, workspace: Workspace) -> Callable[[SourceKind, int], Location]:
    """Leads from a line of a rendered text to the author's; does its work only when an error is explained."""

    def find(kind: SourceKind, line: int) -> Location:
        text = sources.get(kind)
        if text is None:
            return Location(path=sources.module.directory)
        return locate(text, sources.module, target, workspace, line)

    return find
