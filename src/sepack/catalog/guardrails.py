"""Reads `policy/guardrails.toml`: every guardrail checked, each fault at its place in the file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.authored import read_text, require_file, require_inside
from sepack.catalog import guardrail_errors as wrong
from sepack.errors import Location, SepackError
from sepack.model.guardrail import Guardrail
from sepack.model.neverallow import Neverallow, NeverallowSyntaxError
from sepack.workspace import GUARDRAILS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from sepack.workspace import Workspace

KEYS = ("name", "reason", "neverallow")
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*guardrail[ \t]*\]\]", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def load_guardrails(workspace: Workspace) -> tuple[tuple[Guardrail, ...], list[SepackError]]:
    """The repository's guardrails in the file's order, or sepack's own where it has no such file; and what is wrong.

    A file that is there and holds none means that there shall be none.
    """
    file = workspace.guardrails
    try:
        if file == workspace / GUARDRAILS:
            require_inside(workspace.root, GUARDRAILS)
        require_file(file, GUARDRAILS)
        text = read_text(file, GUARDRAILS)
    except SepackError as error:
        return (), [error]
    return guardrails_from_text(text, GUARDRAILS)


def guardrails_from_text(text: str, path: PurePosixPath) -> tuple[tuple[Guardrail, ...], list[SepackError]]:
    """The guardrails that the text declares, and everything that is wrong with it; a wrong one is left out."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return (), [_syntax_error(str(error), text, path)]
    whole = _Part(path=path, text=text, begin=0, end=len(text))
    errors: list[SepackError] = [
        wrong.UnknownKeyError(whole.place_of(key), "guardrails.toml", key, ("guardrail",))
        for key in document
        if key != "guardrail"
    ]
    listed = document.get("guardrail", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        return (), [*errors, wrong.NoTablesError(whole.place_of("guardrail"))]
    found: dict[str, Guardrail] = {}
    places: dict[str, Location] = {}
    for values, part in zip(listed, _parts(whole, len(listed)), strict=True):
        faults = list(_faults(values, part))
        errors += faults
        if faults:
            continue
        name, reason = values["name"], " ".join(values["reason"].split())
        if name in found:
            errors.append(wrong.TwiceError(part.place_of("name"), name, places[name]))
            continue
        places[name] = part.place_of("name")
        found[name] = Guardrail(name=name, reason=reason, neverallow=Neverallow.read(values["neverallow"]))
    return tuple(found.values()), errors


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A stretch of the file, by offsets into its text: one guardrail's lines, or all."""

    path: PurePosixPath
    text: str
    begin: int
    end: int

    def place_of(self, key: str) -> Location:
        """The line that gives `key`, or where the part begins."""
        found = self._assignment(key)
        return self._place(found.start() if found else self.begin)

    def place_in(self, key: str, value: str, offset: int) -> Location:
        """A place within the text that `key` has; its line where that text is written with escapes."""
        found = self._assignment(key)
        at = self.text.find(value, found.end() if found else self.begin, self.end)
        return self.place_of(key) if at < 0 else self._place(at + min(offset, len(value)), exact=True)

    def _assignment(self, key: str) -> re.Match[str] | None:
        name = re.escape(key)
        spelled = rf"""^[ \t]*(?:\[*[ \t]*)?(?:"{name}"|'{name}'|{name})[ \t]*[]=.]"""
        return next(
            (
                found
                for found in re.finditer(spelled, self.text[: self.end], re.MULTILINE)
                if found.start() >= self.begin and _is_toml(self.text[: found.start()])
            ),
            None,
        )

    def _place(self, offset: int, *, exact: bool = False) -> Location:
        begin = self.text.rfind("\n", 0, offset) + 1
        return Location(
            path=self.path,
            line=self.text.count("\n", 0, offset) + 1,
            column=offset - begin + 1 if exact else None,
            text=self.text[begin:].split("\n", 1)[0].rstrip("\r"),
        )


def _parts(whole: _Part, number: int) -> list[_Part]:
    """Each guardrail's own lines; where the file lists them in another way than by headers, the whole for each."""
    starts = [found.start() for found in _HEADER.finditer(whole.text) if _is_toml(whole.text[: found.start()])]
    if len(starts) != number:
        return [whole] * number
    ends = [*starts[1:], len(whole.text)]
    return [
        _Part(path=whole.path, text=whole.text, begin=begin, end=end)
        for begin, end in zip(starts, ends[:number], strict=True)
    ]


def _is_toml(text: str) -> bool:
    """Whether what follows begins a statement, and is not the inside of a string of several lines."""
    if '"""' not in text and "'''" not in text:
        return True
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _syntax_error(message: str, text: str, path: PurePosixPath) -> SepackError:
    lines = text.split("\n")
    found = _PLACE.search(message)
    number = int(found[1]) if found and found[1] else max(1, len(text.rstrip("\n").split("\n")))
    column = int(found[2]) if found and found[2] else None
    where = Location(path=path, line=number, column=column, text=lines[min(number, len(lines)) - 1].rstrip("\r"))
    return wrong.GuardrailsSyntaxError(where, _PLACE.sub("", message))


def _faults(values: dict[str, object], part: _Part) -> Iterator[SepackError]:
    for key in values:
        if key not in KEYS:
            yield wrong.UnknownKeyError(part.place_of(key), "a guardrail", key, KEYS)
    for key in KEYS:
        value = values.get(key)
        if not isinstance(value, str) or not value.strip():
            yield wrong.NoTextError(part.place_of(key), key, value)
        elif key == "name" and not _NAME.fullmatch(value):
            yield wrong.GuardrailNameError(part.place_of(key), value)
        elif key == "neverallow":
            try:
                Neverallow.read(value)
            except NeverallowSyntaxError as error:
                yield wrong.StatementError(part.place_in(key, value, error.offset), str(error))
