"""The Jinja2 environment that policy templates run in; loaded when the first template is filled in."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, StrictUndefined, TemplateNotFound, UndefinedError, pass_context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from sepack.authored import read_text
from sepack.errors import Location
from sepack.model.module import SourceKind
from sepack.model.path_expression import file_context_path
from sepack.model.sources import LEARNED_MARKS
from sepack.templating.lines import LineMarks
from sepack.templating.search import TemplateFile, find_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Environment
    from jinja2.runtime import Context

    from sepack.model.module import Module
    from sepack.model.target import Target
    from sepack.workspace import Workspace


# What `*` and `**` may give: more text than any policy has, and numbers longer than any it counts with.
MOST_PARTS = 1_000_000
MOST_BITS = 1024


class Shown(SimpleNamespace):
    """What a template sees of a noun: its public values, and nothing that it could call."""


class UndefinedUseError(UndefinedError):
    """Something undefined was used; `owner` is what was asked for `name`, `missing` where `name` stood alone."""

    def __init__(self, hint: str | None, owner: object, name: str | None, message: str) -> None:
        super().__init__(message)
        self.hint = hint
        self.owner = owner
        self.name = name or ""


class UnprintableError(TypeError):
    """A value was printed that has no meaning as policy text."""

    def __init__(self, value: object) -> None:
        super().__init__(f"{type(value).__name__} cannot be printed")
        self.value = value


class TooLargeError(ArithmeticError):
    """`*` or `**` would give something that no policy has any use for."""

    def __init__(self, kind: str, size: int, limit: int) -> None:
        super().__init__(f"too many {kind}")
        self.kind = kind
        self.size = size
        self.limit = limit


class _Undefined(StrictUndefined):
    """Jinja2's strict undefined, but its error keeps the facts instead of a finished sentence."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[Exception] | Callable[[str], Exception] = UndefinedError,
    ) -> None:
        if exc is UndefinedError:
            exc = functools.partial(UndefinedUseError, hint, obj, name)
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Used:
    """A template that took part: its file, and the text that was in it."""

    file: TemplateFile
    text: str

    def location(self, line: int) -> Location:
        lines = self.text.split("\n")
        text = lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else None
        return Location(path=self.file.shown, line=line, text=text)


@dataclass(slots=True, kw_only=True)
class Run:
    """One text being rendered: what went in and what turned up on the way.

    `own` is the module's own template (its workspace-relative path), or "" where one of templates/ is rendered.
    `asked` are the names that templates asked for, `used` by name those that were there.
    """

    own: str
    module: Module
    scope: Mapping[str, Any]
    asked: dict[str, None] = field(default_factory=dict)
    used: dict[str, Used] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


_RUN: ContextVar[Run] = ContextVar("run")


def scope_for(module: Module, target: Target) -> dict[str, Any]:
    """The names that a template is given; a version that is not declared is not there, and so is undefined."""
    values = {
        "name": module.name,
        "summary": module.summary,
        "license": module.license,
        "template": module.template,
        "parameters": dict(module.parameters),
    }
    if module.version is not None:
        values["version"] = module.version
    shown = {name: getattr(target, name) for name in target.__dataclass_fields__}
    paths = {name: str(value) for name, value in shown.items() if isinstance(value, PurePath)}
    learned = Shown(rules=LEARNED_MARKS[SourceKind.TE], file_contexts=LEARNED_MARKS[SourceKind.FC])
    return {"target": Shown(**shown | paths), "module": Shown(**values), "learned": learned}


def run_template(run: Run, name: str, workspace: Workspace, *, marked: bool = False) -> str:
    """The text that template `name` gives. With `marked`, line marks stand in it. Raises whatever Jinja2 does."""
    token = _RUN.set(run)
    try:
        return _environment(workspace, marked).get_template(name).render(run.scope)
    finally:
        _RUN.reset(token)


def known_filters(workspace: Workspace) -> tuple[str, ...]:
    return tuple(_environment(workspace, False).filters)


def line_marks(workspace: Workspace) -> LineMarks:
    """The extension that marked the texts which `run_template` gives for this workspace."""
    found = _environment(workspace, True).extensions[LineMarks.identifier]
    assert isinstance(found, LineMarks)
    return found


class _Environment(ImmutableSandboxedEnvironment):
    """Sandboxed, as a policy repository's templates are other people's code and run wherever it is built.

    It keeps a template from this host's files and programs, and a slip with `*`, `**` or range() from taking all
    memory. It is no bound on time or memory: loops in loops, `replace` and padding may take as much as they like.
    """

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            _require_small_product(left, right)
        else:
            _require_small_power(left, right)
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A table's own keys come before the methods of Python's dict, so that a parameter may be called `items`."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def join_path(self, template: str, parent: str) -> str:
        """Jinja2 calls this for every template that another asks for, found or not: both decide what comes out."""
        del parent
        _RUN.get().asked[template] = None
        return template


def _require_small_product(left: object, right: object) -> None:
    for many, times in ((left, right), (right, left)):
        if isinstance(many, str | list | tuple) and isinstance(times, int):
            _require_at_most(MOST_PARTS, "characters" if isinstance(many, str) else "values", len(many) * times)
    if isinstance(left, int) and isinstance(right, int):
        _require_at_most(MOST_BITS, "bits", left.bit_length() + right.bit_length())


def _require_small_power(base: object, exponent: object) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1:
        _require_at_most(MOST_BITS, "bits", base.bit_length() * exponent)


def _require_at_most(limit: int, kind: str, size: int) -> None:
    if size > limit:
        raise TooLargeError(kind, size, limit)


class _Loader(BaseLoader):
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        del environment
        found = self._read(template)
        if found is None:
            raise TemplateNotFound(template)
        text, filename = found
        return text, filename, lambda: self._read(template) == found

    def _read(self, name: str) -> tuple[str, str] | None:
        """Text and file name; noted in the run, whether Jinja2 still had the compiled template or not."""
        run = _RUN.get()
        file = self._own_file(name) if name == run.own else find_template(self._workspace, name)
        if file is None:
            return None
        run.used[name] = Used(file, read_text(file.path, file.shown))
        return run.used[name].text, str(file.path)

    def _own_file(self, name: str) -> TemplateFile:
        return TemplateFile(path=self._workspace / name, shown=PurePosixPath(name))


@functools.lru_cache(maxsize=8)
def _environment(workspace: Workspace, marked: bool, /) -> _Environment:
    environment = _Environment(
        loader=_Loader(workspace),
        undefined=_Undefined,
        finalize=_printable,
        autoescape=False,  # policy is no HTML: an escaped & or < would be another rule
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[LineMarks] if marked else [],
    )
    environment.filters["file_context_path"] = _file_context_path
    # What differs from run to run has no place where the same inputs give the same bytes.
    del environment.filters["random"], environment.globals["lipsum"]
    return environment


def _printable(value: object) -> object:
    if isinstance(value, str | int | float | StrictUndefined) and not isinstance(value, bool):
        return value
    raise UnprintableError(value)


@pass_context  # keeps Jinja2 from working it out once, when it compiles the template, and losing the note
def _file_context_path(context: Context, path: object) -> str:
    del context
    found = file_context_path(path)
    if found.note:
        _RUN.get().notes[found.note] = None
    return found.expression
