"""Fills in the templates that policy is written in, and finds the template line behind a rendered one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sepack.errors import Location
from sepack.templating.search import directories, find_template, template_names

if TYPE_CHECKING:
    from pathlib import Path

    from sepack.model.module import Module
    from sepack.model.target import Target
    from sepack.templating.environment import Run
    from sepack.workspace import Workspace

__all__ = [
    "LineMap",
    "Rendered",
    "TemplateFile",
    "directories",
    "find_template",
    "line_map",
    "render",
    "template_names",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A filled-in template.

    `templates` are the names that were asked for, in order, those that were not there included (their coming into
    being would change the text); `files` are the files that were read, the first one the template's own.
    """

    text: str
    origin: PurePosixPath
    templates: tuple[str, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMap:
    """Where each rendered line comes from; a location without a line is one that could not be told for sure."""

    locations: tuple[Location, ...]

    def locate(self, line: int) -> Location:
        """The author's place behind rendered `line`, which counts from 1; the last one for a line beyond the end."""
        return self.locations[max(1, min(line, len(self.locations))) - 1]


def render(template: str, module: Module, target: Target, workspace: Workspace) -> Rendered:
    """The text of `template`: one of the module's own sources (its workspace-relative path), or a name in templates/.

    Raises a TemplateError with the template's line, or one of authored's errors for a file that is no text.
    """
    from sepack.templating.environment import run_template
    from sepack.templating.explain import explain

    run = _begin(template, module, target)
    try:
        text = run_template(run, template, workspace)
    except Exception as error:
        raise explain(error, run, _origin(run, template), workspace) from error
    return Rendered(
        text=text,
        origin=_origin(run, template),
        templates=tuple(run.asked),
        files=tuple(used.file.path for used in run.used.values()),
        notes=tuple(run.notes),
    )


def line_map(template: str, module: Module, target: Target, workspace: Workspace, text: str) -> LineMap:
    """The way back from each line of `text`, which `render` gave for the same arguments.

    A template that cannot bear the marks is no error here: its text stays right, and only the lines are not known.
    """
    from sepack.templating.environment import line_marks, run_template
    from sepack.templating.lines import aligned

    run = _begin(template, module, target)
    lines = text.split("\n")
    try:
        marked = run_template(run, template, workspace, marked=True)
    except Exception:  # whatever it was that the marks disturbed
        marked = ""
    found = line_marks(workspace).places(marked)
    unknown = _origin(run, template)
    return LineMap(
        locations=tuple(
            Location(path=unknown, text=line) if place is None else run.used[place[0]].location(place[1])
            for place, line in zip(aligned(found, lines), lines, strict=True)
        )
    )


def _begin(template: str, module: Module, target: Target) -> Run:
    from sepack.templating.environment import Run, scope_for

    own = any(source.name == template for source in module.sources)
    run = Run(own=template if own else "", module=module, scope=scope_for(module, target))
    if not own:
        run.asked[template] = None
    return run


def _origin(run: Run, template: str) -> PurePosixPath:
    """The path that a person knows the template by; its bare name as long as it was not found."""
    used = run.used.get(template)
    return used.file.shown if used else PurePosixPath(template)
