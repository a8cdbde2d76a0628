"""What is wrong with one item of a ledger.toml: which keys there are, and what each must hold."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from sepack.catalog import ledger_errors as wrong
from sepack.model.denial import SecurityContext
from sepack.model.ledger import Answer, ItemKind
from sepack.model.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sepack.catalog.ledger_places import ItemPlace
    from sepack.errors import SepackError

ITEM_KEYS = ("statement", "kind", "answer", "reason", "by", "when", "expires", "evidence")
EVIDENCE_KEYS = ("lines", "first_seen", "last_seen", "hosts", "commands", "executables", "sample", "denied")
DENIED_KEYS = ("source", "target", "tclass", "permissions", "paths", "ports")
OWN_KEYS = "x_"
"""Keys that begin so are a person's own: they mean nothing here and stay as they are."""

_DAY = "a day: 2026-11-24, without quotation marks"
_DENIED = "contexts as source and target, tclass, permissions [, paths, ports]"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)


def faults_of_item(values: object, place: ItemPlace) -> Iterator[SepackError]:
    """Each at the line of the key it is about; at the item's header where that key is missing."""
    if not isinstance(values, dict):
        yield wrong.LedgerValueError(place.header, "item", values, "a table: each begins with [[item]]")
        return
    yield from _unknown("key of an item", values, ITEM_KEYS, place)
    for key in ("statement", "reason", "by"):
        if not isinstance(values.get(key), str) or not values[key].strip():
            yield _wrong(values, key, place, "text")
    kinds, answers = [str(kind) for kind in ItemKind], [str(answer) for answer in Answer]
    if values.get("kind") not in kinds:
        yield _wrong(values, "kind", place, f"one of {', '.join(kinds)}")
    elif isinstance(values.get("statement"), str) and values["statement"].strip():
        read = read_statement(values["statement"])
        if read is None or read[0] != values["kind"]:
            yield wrong.LedgerStatementError(place.key("statement"), values["statement"], ItemKind(values["kind"]))
    if values.get("answer") not in answers:
        yield _wrong(values, "answer", place, f"{' or '.join(answers)}")
    if not _is_day(values.get("when")):
        yield _wrong(values, "when", place, _DAY)
    if "expires" in values and not _is_day(values["expires"]):
        yield _wrong(values, "expires", place, _DAY)
    yield from _faults_of_evidence(values.get("evidence", {}), place)


def _faults_of_evidence(values: object, place: ItemPlace) -> Iterator[SepackError]:
    if not isinstance(values, dict):
        yield wrong.LedgerValueError(place.key("evidence"), "evidence", values, "a table: [item.evidence]")
        return
    yield from _unknown("key of evidence", values, EVIDENCE_KEYS, place)
    if "lines" in values and not _is_count(values["lines"]):
        yield _wrong(values, "lines", place, "a number")
    for key in ("first_seen", "last_seen"):
        if key in values and not _is_day(values[key]):
            yield _wrong(values, key, place, _DAY)
    for key in ("hosts", "commands", "executables"):
        if not _are_texts(values.get(key, [])):
            yield _wrong(values, key, place, "a list of texts")
    if not isinstance(values.get("sample", ""), str):
        yield _wrong(values, "sample", place, "text")
    denied = values.get("denied", [])
    if not isinstance(denied, list) or not all(isinstance(each, dict) for each in denied):
        yield _wrong(values, "denied", place, "a list of tables")
        return
    for each in denied:
        yield from _unknown("key of denied", each, DENIED_KEYS, place)
        if not _is_denied(each):
            yield wrong.LedgerValueError(place.key("denied"), "denied", each, _DENIED)


def _wrong(values: Mapping[str, object], key: str, place: ItemPlace, takes: str) -> SepackError:
    return wrong.LedgerValueError(place.key(key), key, values.get(key), takes)


def _unknown(
    what: str, values: Mapping[str, object], known: tuple[str, ...], place: ItemPlace
) -> Iterator[SepackError]:
    for key in values:
        if key not in known and not key.startswith(OWN_KEYS):
            yield wrong.LedgerShapeError(place.key(key), what, key, (*known, f"{OWN_KEYS}… (your own)"))


def _is_day(value: object) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _is_denied(values: Mapping[str, object]) -> bool:
    """Whether it can be asked again: whole contexts, and identifiers for the rest."""
    contexts = (values.get("source"), values.get("target"))
    permissions, ports = values.get("permissions"), values.get("ports", [])
    return (
        all(isinstance(each, str) and SecurityContext.read(each) for each in contexts)
        and isinstance(permissions, list)
        and bool(permissions)
        and all(isinstance(each, str) and _NAME.fullmatch(each) for each in (values.get("tclass"), *permissions))
        and _are_texts(values.get("paths", []))
        and isinstance(ports, list)
        and all(_is_count(each) for each in ports)
    )
