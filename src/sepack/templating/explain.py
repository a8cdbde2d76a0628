"""Turns what Jinja2 raises into an error that names the template, the line and what to do."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

from jinja2.exceptions import SecurityError, TemplateNotFound, TemplatesNotFound, TemplateSyntaxError, UndefinedError
from jinja2.utils import missing

from sepack.errors import Location, SepackError
from sepack.model.path_expression import PathRefusedError
from sepack.templating.environment import (
    Run,
    Shown,
    TooLargeError,
    UndefinedUseError,
    UnprintableError,
    known_filters,
)
from sepack.templating.errors import (
    FilterValueError,
    ForbiddenInTemplateError,
    MissingParameterError,
    MissingTemplateError,
    MissingVersionError,
    TemplateFailedError,
    TemplateNameRefusedError,
    TemplateSyntaxFaultError,
    TooLargeValueError,
    UndefinedNameError,
    UndefinedPartError,
    UndefinedUseMessageError,
    UnfilledBlockError,
    UnprintableValueError,
)
from sepack.templating.search import NameRefusedError, directories, template_names
from sepack.workspace import DECLARATION

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from sepack.workspace import Workspace

_UNKNOWN_FILTER = re.compile(r"No (?:filter|test) named '([^']*)'")
_UNFILLED = re.compile(r"Required block '([^']*)' not found")
_NAMED = re.compile(r"\{%[-+]?\s*(?:set|macro|for|import\b.*?\bas)\s+(\w+)")


def explain(error: Exception, run: Run, template: PurePosixPath, workspace: Workspace) -> SepackError:
    """The error for a person; `template` is where the rendering began."""
    if isinstance(error, SepackError):
        return error
    if isinstance(error, TemplateSyntaxError):
        return _syntax(error, run, template, workspace)
    where = _place_of(error, run, template)
    if isinstance(error, UndefinedUseError):
        return _undefined(error, where, run)
    if isinstance(error, SecurityError):
        return ForbiddenInTemplateError(where, str(error))
    if isinstance(error, UndefinedError):
        return UndefinedUseMessageError(where, str(error))
    if isinstance(error, TemplateNotFound):
        names = error.templates if isinstance(error, TemplatesNotFound) else [error.name]
        asked = [str(name) for name in names]
        return MissingTemplateError(where, asked, template_names(workspace), directories(workspace))
    if unfilled := _UNFILLED.match(str(error)):
        return UnfilledBlockError(Location(path=template), unfilled[1], where)
    return _failed(error, where, workspace)


def _failed(error: Exception, where: Location, workspace: Workspace) -> SepackError:
    if isinstance(error, NameRefusedError):
        return TemplateNameRefusedError(where, str(error))
    if isinstance(error, PathRefusedError):
        return FilterValueError(where, error.reason, error.hint)
    if isinstance(error, TooLargeError):
        return TooLargeValueError(where, error.kind, error.size, error.limit)
    if isinstance(error, UnprintableError):
        return UnprintableValueError(where, *_kind_of(error.value))
    if unknown := _UNKNOWN_FILTER.search(str(error)):
        return TemplateSyntaxFaultError(where, str(error), known_filters(workspace), unknown[1])
    return TemplateFailedError(where, error)


def _syntax(error: TemplateSyntaxError, run: Run, template: PurePosixPath, workspace: Workspace) -> SepackError:
    where = _location(run, error.filename or "", error.lineno) or Location(path=template, line=error.lineno)
    unknown = _UNKNOWN_FILTER.search(error.message or "")
    names = known_filters(workspace) if unknown else ()
    return TemplateSyntaxFaultError(where, error.message or "", names, unknown[1] if unknown else "")


def _undefined(error: UndefinedUseError, where: Location, run: Run) -> SepackError:
    module = run.module
    declaration = str(module.directory / DECLARATION)
    if error.hint is not None:
        return UndefinedUseMessageError(where, error.hint)
    if error.owner is missing:
        return UndefinedNameError(where, error.name, [*run.scope, *_names_made_in(run)])
    if error.owner is run.scope["module"].parameters:
        return MissingParameterError(where, error.name, module.name, declaration, tuple(module.parameters))
    if error.owner is run.scope["module"] and error.name == "version":
        return MissingVersionError(where, module.name, declaration)
    owner, known = _described(error.owner, run)
    return UndefinedPartError(where, error.name, owner, known)


def _described(owner: object, run: Run) -> tuple[str, tuple[str, ...]]:
    for name, value in run.scope.items():
        if owner is value:
            return f"`{name}`", tuple(vars(value))
    if isinstance(owner, dict):
        return "the table", tuple(map(str, owner))
    known = tuple(owner.__dataclass_fields__) if hasattr(owner, "__dataclass_fields__") else ()
    return f"the value ({type(owner).__name__})", known


def _names_made_in(run: Run) -> list[str]:
    return [name for used in run.used.values() for name in _NAMED.findall(used.text)]


def _kind_of(value: object) -> tuple[str, str]:
    """What was printed, and what to print in its place."""
    if value is None:
        return "nothing (`none`)", "Guard the place with {% if … %}, or give the value."
    if isinstance(value, bool):
        return f"a truth value ({str(value).lower()})", "Ask it: {% if … %} one text {% else %} the other {% endif %}."
    if isinstance(value, list | tuple):
        return "a list", "Write {{ … | join(' ') }}, or loop over it: {% for one in … %}{{ one }}{% endfor %}."
    if isinstance(value, dict | Shown):
        return "a whole table", "Print one of its values, such as {{ module.name }}."
    if callable(value):
        return "a function", "Call it, with (); if a parameter of that name was meant, give it in module.toml."
    return f"a value of type {type(value).__name__}", "Turn it into text with `| string`, or print a part of it."


def _place_of(error: Exception, run: Run, template: PurePosixPath) -> Location:
    """The innermost template line that was at work."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        found = _location(run, frame.f_code.co_filename, line) or found
    return found or Location(path=template)


def _location(run: Run, filename: str, line: int) -> Location | None:
    return next((used.location(line) for used in run.used.values() if str(used.file.path) == filename), None)
