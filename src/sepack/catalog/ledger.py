"""Reads `policy/<name>/ledger.toml`: every item checked, with its place in the file."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from typing import TYPE_CHECKING, Any

from sepack.authored import read_text, require_file, require_inside
from sepack.catalog import ledger_errors as wrong
from sepack.errors import Location, SepackError
from sepack.model.ledger import Answer, Denied, ItemKind, Ledger, LedgerEvidence, LedgerItem
from sepack.model.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import PurePosixPath

    from sepack.workspace import Workspace

ITEM_KEYS = ("statement", "kind", "answer", "reason", "by", "when", "expires", "evidence")
EVIDENCE_KEYS = ("lines", "first_seen", "last_seen", "hosts", "commands", "executables", "sample", "denied")
DENIED_KEYS = ("source", "target", "tclass", "permissions", "paths", "ports")
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*item[ \t]*\]\]", re.MULTILINE)
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def load_ledger(workspace: Workspace, name: str) -> tuple[Ledger, list[SepackError]]:
    """The module's ledger, empty where it has none, and everything that is wrong with it."""
    path = workspace.ledger(name)
    if not (workspace / path).is_symlink() and not (workspace / path).exists():
        return Ledger(), []
    try:
        require_inside(workspace.root, path)
        require_file(workspace / path, path)
        text = read_text(workspace / path, path)
    except SepackError as error:
        return Ledger(), [error]
    return ledger_from_text(text, path)


def ledger_from_text(text: str, path: PurePosixPath) -> tuple[Ledger, list[SepackError]]:
    """The ledger that the text is, and everything that is wrong with it; a wrong item is left out."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Ledger(), [_syntax_error(str(error), text, path)]
    places = _item_places(text, path)
    errors: list[SepackError] = [
        wrong.LedgerShapeError(_line_of(text, path, key), "key", key, ("item",)) for key in document if key != "item"
    ]
    listed = document.get("item", [])
    if not isinstance(listed, list) or len(listed) != len(places):
        where = _line_of(text, path, "item")
        return Ledger(), [*errors, wrong.LedgerValueError(where, "item", "…", "a list: each begins with [[item]]")]
    items: dict[str, LedgerItem] = {}
    for values, where in zip(listed, places, strict=True):
        found = list(_faults(values, where))
        errors += found
        if found:
            continue
        item = _item(values, where)
        first = items.setdefault(item.statement, item)
        if first is not item:
            errors.append(wrong.LedgerTwiceError(where, item.statement, first.where or where))
    return Ledger(items=tuple(sorted(items.values(), key=lambda item: (item.kind, item.statement)))), errors


def _item_places(text: str, path: PurePosixPath) -> list[Location]:
    """Where each [[item]] begins, in the file's order; one inside a string of several lines begins nothing."""
    starts = [found.start() for found in _HEADER.finditer(text)]
    if '"""' in text or "'''" in text:
        starts = [start for start in starts if _is_toml(text[:start])]
    lines = text.split("\n")
    numbers = [text.count("\n", 0, start) + 1 for start in starts]
    return [Location(path=path, line=number, text=lines[number - 1].rstrip("\r")) for number in numbers]


def _is_toml(text: str) -> bool:
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
    return wrong.LedgerSyntaxError(where, _PLACE.sub("", message))


def _line_of(text: str, path: PurePosixPath, key: str) -> Location:
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}\b.*$", text, re.MULTILINE)
    if found is None:
        return Location(path=path)
    return Location(path=path, line=text.count("\n", 0, found.start()) + 1, text=found[0].rstrip("\r"))


def _faults(values: object, where: Location) -> Iterator[SepackError]:
    if not isinstance(values, dict):
        yield wrong.LedgerValueError(where, "item", values, "a table: each begins with [[item]]")
        return
    yield from _unknown("key of an item", values, ITEM_KEYS, where)
    for key in ("statement", "reason", "by"):
        if not isinstance(values.get(key), str) or not values[key].strip():
            yield wrong.LedgerValueError(where, key, values.get(key), "text")
    kinds, answers = [str(kind) for kind in ItemKind], [str(answer) for answer in Answer]
    if values.get("kind") not in kinds:
        yield wrong.LedgerValueError(where, "kind", values.get("kind"), f"one of {', '.join(kinds)}")
    elif isinstance(values.get("statement"), str):
        read = read_statement(values["statement"])
        if read is None or read[0] != values["kind"]:
            yield wrong.LedgerStatementError(where, values["statement"], ItemKind(values["kind"]))
    if values.get("answer") not in answers:
        yield wrong.LedgerValueError(where, "answer", values.get("answer"), f"{' or '.join(answers)}")
    if not _is_day(values.get("when")):
        yield wrong.LedgerValueError(where, "when", values.get("when"), "a day: 2026-11-24, without quotation marks")
    if values.get("expires") is not None and not _is_day(values["expires"]):
        yield wrong.LedgerValueError(where, "expires", values["expires"], "a day: 2026-11-24, without quotation marks")
    yield from _faults_of_evidence(values.get("evidence", {}), where)


def _faults_of_evidence(values: object, where: Location) -> Iterator[SepackError]:
    if not isinstance(values, dict):
        yield wrong.LedgerValueError(where, "evidence", values, "a table: [item.evidence]")
        return
    yield from _unknown("key of evidence", values, EVIDENCE_KEYS, where)
    if type(values.get("lines", 0)) is not int:
        yield wrong.LedgerValueError(where, "lines", values["lines"], "a number")
    for key in ("first_seen", "last_seen"):
        if key in values and not _is_day(values[key]):
            yield wrong.LedgerValueError(where, key, values[key], "a day: 2026-11-24, without quotation marks")
    for key in ("hosts", "commands", "executables"):
        if not _are(values.get(key, []), str):
            yield wrong.LedgerValueError(where, key, values[key], "a list of texts")
    if not isinstance(values.get("sample", ""), str):
        yield wrong.LedgerValueError(where, "sample", values["sample"], "text")
    denied = values.get("denied", [])
    if not _are(denied, dict):
        yield wrong.LedgerValueError(where, "denied", denied, "a list of tables")
        return
    for each in denied:
        yield from _unknown("key of denied", each, DENIED_KEYS, where)
        texts = all(isinstance(each.get(key), str) for key in ("source", "target", "tclass"))
        lists = _are(each.get("permissions"), str) and _are(each.get("paths", []), str)
        if not texts or not lists or not _are(each.get("ports", []), int):
            yield wrong.LedgerValueError(where, "denied", each, "source, target, tclass, permissions [, paths, ports]")


def _unknown(what: str, values: Mapping[str, object], known: tuple[str, ...], where: Location) -> Iterator[SepackError]:
    for key in values:
        if key not in known and not key.startswith("x_"):
            yield wrong.LedgerShapeError(where, what, key, (*known, "x_… (your own)"))


def _is_day(value: object) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _item(values: Mapping[str, Any], where: Location) -> LedgerItem:
    read = read_statement(values["statement"])
    assert read is not None, "checked before"
    evidence = values.get("evidence", {})
    return LedgerItem(
        kind=read[0],
        answer=Answer(values["answer"]),
        item=read[1],
        statement=values["statement"],
        reason=values["reason"],
        by=values["by"],
        when=values["when"],
        expires=values.get("expires"),
        evidence=LedgerEvidence(
            lines=evidence.get("lines", 0),
            first_seen=evidence.get("first_seen"),
            last_seen=evidence.get("last_seen"),
            hosts=tuple(evidence.get("hosts", ())),
            commands=tuple(evidence.get("commands", ())),
            executables=tuple(evidence.get("executables", ())),
            sample=evidence.get("sample", ""),
            denied=tuple(_denied(each) for each in evidence.get("denied", ())),
        ),
        where=where,
    )


def _denied(values: Mapping[str, Any]) -> Denied:
    return Denied(
        values["source"],
        values["target"],
        values["tclass"],
        tuple(values["permissions"]),
        tuple(values.get("paths", ())),
        tuple(values.get("ports", ())),
    )
