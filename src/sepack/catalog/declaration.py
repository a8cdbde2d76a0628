"""Reads a module.toml: which keys there are, what each must hold, and where in the text each one stands."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Any

from sepack.authored import read_text, require_file, require_inside
from sepack.catalog.toml_errors import (
    InvalidTemplateNameError,
    InvalidVersionError,
    NameMismatchError,
    TomlSyntaxError,
    UnknownKeyError,
    WrongTypeError,
)
from sepack.errors import Location, SepackError
from sepack.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import PurePosixPath

    from sepack.model.fix import PortLabel
    from sepack.model.module import Module
    from sepack.workspace import Workspace

_KEYS = {
    "name": str,
    "version": str,
    "summary": str,
    "license": str,
    "template": str,
    "parameters": dict,
    "domains": dict,
    "booleans": dict,
    "ports": list,
}
_TABLES = ("domains", "booleans", "ports")
# checkmodule's lexer takes digits, then anything of letters, digits, dots and low lines; an empty part says nothing.
_VERSION = re.compile(r"[0-9]+(?:\.[A-Za-z0-9_]+)*")
_TEMPLATE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_TABLE = re.compile(r"""^\s*\[\s*["']?([\w.-]+)["']?\s*\]""")


@frozen
class Declaration:
    """A module.toml's content; what is not there has its default."""

    version: str | None = None
    summary: str = ""
    license: str = ""
    template: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    booleans: Mapping[str, bool] = field(default_factory=dict)
    ports: tuple[PortLabel, ...] = ()


def read_declaration(workspace: Workspace, name: str, path: PurePosixPath) -> tuple[Declaration, list[SepackError]]:
    """The declaration at `path` of the module in folder `name`, and everything that is wrong with it."""
    try:
        require_inside(workspace.root, path)
        require_file(workspace / path, path)
        text = read_text(workspace / path, path)
        values = _parse(text, path)
    except SepackError as error:
        return Declaration(), [error]
    errors = list(_faults(values, name, path, text))
    if errors:
        return Declaration(template=str(values.get("template", ""))), errors
    if any(key in values for key in _TABLES):
        from sepack.catalog.declared_tables import domains_of, ports_of

        values["domains"] = domains_of(values.get("domains", {}))
        values["ports"] = ports_of(values.get("ports", ()))
    return Declaration(**{key: value for key, value in values.items() if key != "name"}), []


def declared_at(workspace: Workspace, module: Module, key: str) -> Location | None:
    """Where the module's declaration gives `key`; None where the module has no declaration or it cannot be read."""
    if module.declaration is None:
        return None
    try:
        return _place_of(key, module.declaration, read_text(workspace / module.declaration, module.declaration))
    except SepackError:
        return Location(path=module.declaration)


def _parse(text: str, path: PurePosixPath) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, path) from error


def _syntax_error(message: str, text: str, path: PurePosixPath) -> TomlSyntaxError:
    lines = text.split("\n")
    found = _PLACE.search(message)
    number = int(found[1]) if found and found[1] else max(1, len(text.rstrip("\n").split("\n")))
    where = Location(
        path=path,
        line=number,
        column=int(found[2]) if found and found[2] else None,
        text=lines[min(number, len(lines)) - 1].rstrip("\r"),
    )
    return TomlSyntaxError(where, _PLACE.sub("", message))


def _faults(values: Mapping[str, Any], name: str, path: PurePosixPath, text: str) -> Iterator[SepackError]:
    for key, value in values.items():
        where = _place_of(key, path, text)
        fault = _fault_of(key, value, name, where)
        if fault is not None:
            yield fault
        elif key in _TABLES:
            from sepack.catalog.declared_tables import faults_of_table

            yield from faults_of_table(key, value, text, where)


def _fault_of(key: str, value: object, name: str, where: Location) -> SepackError | None:
    if key not in _KEYS:
        return UnknownKeyError(where, key, tuple(_KEYS))
    if not isinstance(value, _KEYS[key]):
        return WrongTypeError(where, key, value, _KEYS[key])
    if key == "name" and value != name:
        return NameMismatchError(where, str(value), name)
    if key == "version" and not _VERSION.fullmatch(str(value)):
        return InvalidVersionError(where, str(value))
    if key == "template" and not _TEMPLATE.fullmatch(str(value)):
        return InvalidTemplateNameError(where, str(value))
    return None


def _place_of(key: str, path: PurePosixPath, text: str) -> Location:
    """The line that gives the top-level `key`, be it `key = …`, `key.part = …` or the header of a table `[key]`."""
    lines = text.split("\n")
    spelled = rf"""(?:"{re.escape(key)}"|'{re.escape(key)}'|{re.escape(key)})"""
    header = re.compile(rf"\s*\[\[?\s*{spelled}\s*[\].]")
    assignment = re.compile(rf"\s*{spelled}\s*[=.]")
    in_table = False
    for number, line in enumerate(lines, start=1):
        found = header.match(line) or (not in_table and assignment.match(line))
        if found and _is_statement(lines[: number - 1]):
            return Location(path=path, line=number, text=line.rstrip("\r"))
        in_table = in_table or bool(_TABLE.match(line) and _is_statement(lines[: number - 1]))
    return Location(path=path)


def _is_statement(before: list[str]) -> bool:
    """Whether a line that follows `before` begins a statement, and is not the inside of a string or a list."""
    import tomllib

    try:
        tomllib.loads("\n".join(before) + "\n")
    except tomllib.TOMLDecodeError:
        return False
    return True
