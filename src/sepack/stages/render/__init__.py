"""Module → Sources: plain files as they lie there, templates filled in, and the way back to the author's line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sepack.authored import read_text
from sepack.catalog import declared_at
from sepack.errors import DeclarationError, Location, SepackError
from sepack.formats.policy_text import dialect_of
from sepack.model.module import Dialect, SourceKind
from sepack.model.names import did_you_mean
from sepack.model.sources import Sources, SourceText
from sepack.workspace import LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sepack.model.module import Module, SourceFile
    from sepack.model.target import Target
    from sepack.workspace import Workspace

# Of a module that nothing but a ledger declares.
FIRST_VERSION = "1.0.0"
# What other build systems fill in. Two of them in a path (`getty@.service`) are no placeholder: it is capitals between.
_PLACEHOLDER = re.compile(r"@@\w+@@|@[A-Z][A-Z0-9_]*@")


class UnknownFamilyError(DeclarationError):
    """module.toml names a template of which there is nothing that would stand in for the module's rules."""

    def __init__(self, where: Location, module: Module, families: Iterable[str], searched: Sequence[Path]) -> None:
        wanted = _stand_in(SourceKind.TE, module)
        families = sorted(set(families))
        has_rules = module.source(SourceKind.TE) is not None
        instead = "take the line out: the module has rules of its own" if has_rules else f"{module.name}.te by hand"
        super().__init__(
            f"module '{module.name}' is to be made from the template '{module.template}', and there is no {wanted}",
            where=where,
            details=(
                f"searched: {', '.join(map(str, searched))}",
                f"templates with rules of their own: {', '.join(families) or 'none'}",
            ),
            hint=did_you_mean(module.template, families) or f"Write templates/{wanted}, or {instead}.",
        )


class PlaceholderError(SepackError):
    """Another build system would have filled this in."""

    def __init__(self, where: Location, placeholder: str, path: PurePosixPath, *, templated: bool) -> None:
        rename = "" if templated else f"Rename {path} to {path}.j2 and w"
        super().__init__(
            f"{placeholder} is a placeholder of another build system, which nothing fills in here",
            where=where,
            hint=f"{rename or 'W'}rite {{{{ module.version }}}} in its place (or {{{{ module.parameters.… }}}}), with "
            f"the value given in {path.parent}/module.toml.",
        )


class LineEndError(SepackError):
    """A file with the line ends of Windows, on which the policy compiler stumbles."""

    def __init__(self, where: Location) -> None:
        super().__init__(
            "this file has the line ends of Windows, which no SELinux tool reads",
            where=where,
            hint=f"Take them out: sed -i 's/\\r$//' {where.path}",
        )


def render(module: Module, target: Target, workspace: Workspace) -> Sources:
    """The module's texts for `target`, with what a person should know about them.

    A kind of file that the folder lacks comes from the template family that module.toml names, if that has one. Raises
    a SepackError for the first thing that stands in the way.
    """
    notes: list[str] = []
    texts = [text for kind in SourceKind if (text := _text(kind, module, target, workspace, notes)) is not None]
    for text in texts:
        _require_no_placeholder(text, module, target, workspace)
        if text.templated:
            _require_marks_in_place(text, module, target, workspace)
    if module.ledger is not None or any(text.templated for text in texts):
        texts = _with_learned(texts, module, target)
    return Sources(module=module, texts=tuple(texts), notes=tuple(notes))


def _with_learned(texts: Sequence[SourceText], module: Module, target: Target) -> list[SourceText]:
    """With what the ledger holds; a text that only the ledger needs is made."""
    from sepack.stages.render.errors import InterfaceInPlainModuleError
    from sepack.stages.render.learned import first_call, made_text, with_learned

    path = PurePosixPath(f"{module.directory}/{LEDGER}")
    found = {text.kind: text for text in texts}
    if module.ledger is not None:
        for kind in set(SourceKind).difference(found):
            made = made_text(kind, module.ledger, path, module.name, module.version or FIRST_VERSION)
            found |= {kind: made} if made is not None else {}
    te, fc = (found[kind].text if kind in found else "" for kind in (SourceKind.TE, SourceKind.FC))
    dialect = dialect_of(te, fc)
    if dialect is Dialect.PLAIN and (call := first_call(module.ledger)) is not None:
        raise InterfaceInPlainModuleError(call, module.name)
    return [with_learned(found[kind], module.ledger, path, dialect, target) for kind in SourceKind if kind in found]


def locate(text: SourceText, module: Module, target: Target, workspace: Workspace, line: int) -> Location:
    """The author's place behind `line` (from 1) of a text that `render` gave for the same arguments.

    A templated line for which it cannot be told has a location without a line, and never a wrong one. A line that
    comes from the ledger leads to its item there.
    """
    if text.learned is not None:
        after = text.learned.first + len(text.learned.places)
        if text.learned.first <= line < after:
            return text.learned.places[line - text.learned.first]
        if line >= after:
            line -= len(text.learned.places) - text.learned.replaced
        text = replace(text, text=text.learned.authored, learned=None)
    if text.origin.name == LEDGER:  # the header of a text that was made
        return Location(path=text.origin)
    if not text.templated:
        lines = text.text.split("\n")
        shown = lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else None
        return Location(path=text.origin, line=line, text=shown)
    from sepack import templating

    return templating.line_map(_template_of(text, module), module, target, workspace, text.text).locate(line)


def _text(
    kind: SourceKind, module: Module, target: Target, workspace: Workspace, notes: list[str]
) -> SourceText | None:
    file = module.source(kind)
    if file is not None and not file.templated:
        return _plain(file, workspace)
    if file is None and not _family_has(kind, module, workspace):
        return None
    from sepack import templating

    name = file.name if file is not None else _stand_in(kind, module)
    rendered = templating.render(name, module, target, workspace)
    notes += (f"{rendered.origin}: {note}" for note in rendered.notes)
    return SourceText(
        kind=kind, text=rendered.text, origin=rendered.origin, templated=True, templates=rendered.templates
    )


def _plain(file: SourceFile, workspace: Workspace) -> SourceText:
    text = read_text(f"{workspace.root}/{file.name}", file.path)
    if "\r" in text:
        _require_unix_lines(text, file.path)
    return SourceText(kind=file.kind, text=text, origin=file.path, templated=False)


def _require_unix_lines(text: str, path: PurePosixPath) -> None:
    """A carriage return in a comment does no harm, and none is taken out of a text that is used as it is."""
    for number, line in enumerate(text.split("\n"), start=1):
        if "\r" in line.partition("#")[0]:
            raise LineEndError(Location(path=path, line=number, text=line.rstrip("\r")))


def _stand_in(kind: SourceKind, module: Module) -> str:
    return f"{module.template}.{kind}.j2"


def _family_has(kind: SourceKind, module: Module, workspace: Workspace) -> bool:
    """Whether the template family that module.toml names has this kind; raises when it must and has not."""
    if not module.template:
        return False
    from sepack import templating

    if templating.find_template(workspace, _stand_in(kind, module)) is not None:
        return True
    if kind is SourceKind.TE or not any(_stand_in(other, module) in _names(workspace) for other in SourceKind):
        where = declared_at(workspace, module, "template") or Location(path=module.directory)
        families = (name.removesuffix(".te.j2") for name in _names(workspace) if name.endswith(".te.j2"))
        raise UnknownFamilyError(where, module, families, templating.directories(workspace))
    return False


def _names(workspace: Workspace) -> set[str]:
    from sepack import templating

    return set(templating.template_names(workspace))


def _template_of(text: SourceText, module: Module) -> str:
    """What the text was rendered from, by the name that templating knows it by."""
    file = module.source(text.kind)
    return file.name if file is not None else _stand_in(text.kind, module)


def _require_marks_in_place(text: SourceText, module: Module, target: Target, workspace: Workspace) -> None:
    from sepack.stages.render.errors import LearnedPlaceError
    from sepack.stages.render.learned import misplaced

    if (found := misplaced(text)) is not None:
        line, variable, why = found
        raise LearnedPlaceError(locate(text, module, target, workspace, line), variable, why)


def _require_no_placeholder(text: SourceText, module: Module, target: Target, workspace: Workspace) -> None:
    if text.text.count("@") < 2:
        return
    for number, line in enumerate(text.text.split("\n"), start=1):
        found = _PLACEHOLDER.search(line.partition("#")[0])
        if found:
            where = locate(text, module, target, workspace, number)
            raise PlaceholderError(where, found[0], text.origin, templated=text.templated)
