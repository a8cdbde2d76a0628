"""Reads `policy/<name>/ledger.toml`: every item checked, with its place in the file."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sepack.authored import read_text, require_file, require_inside
from sepack.catalog import ledger_errors as wrong
from sepack.catalog.ledger_faults import faults_of_item
from sepack.catalog.ledger_places import item_places, place_of_key
from sepack.errors import Location, SepackError
from sepack.model.ledger import Answer, Denied, Ledger, LedgerEvidence, LedgerItem
from sepack.model.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from sepack.workspace import Workspace

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
    ledger, errors = ledger_from_text(text, path)
    return replace(ledger, digest=hashlib.sha256(text.encode()).hexdigest()), errors


def ledger_from_text(text: str, path: PurePosixPath) -> tuple[Ledger, list[SepackError]]:
    """The ledger that the text is, and everything that is wrong with it; a wrong item is left out."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Ledger(), [_syntax_error(str(error), text, path)]
    errors: list[SepackError] = [
        wrong.LedgerShapeError(place_of_key(text, path, key), "key", key, ("item",))
        for key in document
        if key != "item"
    ]
    listed = document.get("item", [])
    places = item_places(text, path, len(listed)) if isinstance(listed, list) else ()
    if not isinstance(listed, list) or len(listed) != len(places):
        where = place_of_key(text, path, "item")
        return Ledger(), [*errors, wrong.LedgerValueError(where, "item", "…", "a list: each begins with [[item]]")]
    items: dict[str, LedgerItem] = {}
    for values, place in zip(listed, places, strict=True):
        found = list(faults_of_item(values, place))
        errors += found
        if found:
            continue
        item = _item(values, place.header)
        first = items.setdefault(item.statement, item)
        if first is not item:
            errors.append(wrong.LedgerTwiceError(place.header, item.statement, first.where or place.header))
    return Ledger(items=tuple(sorted(items.values(), key=lambda item: (item.kind, item.statement)))), errors


def _syntax_error(message: str, text: str, path: PurePosixPath) -> SepackError:
    lines = text.split("\n")
    found = _PLACE.search(message)
    number = int(found[1]) if found and found[1] else max(1, len(text.rstrip("\n").split("\n")))
    column = int(found[2]) if found and found[2] else None
    where = Location(path=path, line=number, column=column, text=lines[min(number, len(lines)) - 1].rstrip("\r"))
    return wrong.LedgerSyntaxError(where, _PLACE.sub("", message))


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
