"""Writes `policy/<name>/ledger.toml`: only the lines of the items that changed, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from typing import TYPE_CHECKING, Any

from sepack.authored import read_text, require_file, require_inside
from sepack.catalog.ledger import ledger_from_text
from sepack.catalog.ledger_errors import LedgerChangedError, LedgerNotWrittenError
from sepack.catalog.ledger_faults import EVIDENCE_KEYS, ITEM_KEYS
from sepack.catalog.ledger_values import as_toml, as_toml_inline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from tomlkit.items import Array, Table

    from sepack.model.ledger import LedgerEvidence, LedgerItem
    from sepack.workspace import Workspace

_BEGINNING = """\
# What was learned for {name} from denials, and what was refused. `inv regenerate --apply` adds items and `inv build`
# puts the accepted ones into the module; comments, and keys that begin with x_, stay as they are written here.
"""


def save_items(workspace: Workspace, name: str, items: Iterable[LedgerItem], *, before: str | None) -> bool:
    """Put `items` into the module's ledger, each in the place of the item with its statement; whether it changed.

    `before` is the text that the items were decided on, None where there was no ledger. Raises LedgerChangedError where
    the file holds something else by now, the first error of a ledger that does not parse, `ledger_text`'s errors, and
    LedgerNotWrittenError.
    """
    path = workspace.ledger(name)
    ledger_text(workspace, name)  # or a link could lead the lock and the new file out of the repository
    file = (workspace / path).resolve()
    with _locked(file, path) as directory:
        now = ledger_text(workspace, name)
        if now != before:
            raise LedgerChangedError(path)
        text = with_items(now if now is not None else _BEGINNING.format(name=name), items, path)
        if text == now:
            return False
        _replace(file, path, text, directory)
        return True


def ledger_text(workspace: Workspace, name: str) -> str | None:
    """The ledger's text as it lies there; None where there is none.

    Raises authored's errors for what is no readable text, or a link that leaves the repository.
    """
    path = workspace.ledger(name)
    if not os.path.lexists(workspace / path):
        return None
    require_inside(workspace.root, path)
    require_file(workspace / path, path)
    return read_text(workspace / path, path)


def with_items(text: str, items: Iterable[LedgerItem], path: PurePosixPath) -> str:
    """`text` with `items` in it: known statements changed in their place, new ones where sorting puts them."""
    ledger, errors = ledger_from_text(text, path)
    if errors:
        raise errors[0]
    known = {item.statement: item for item in ledger.items}
    wanted = {item.statement: item for item in items}
    changed = [item for statement, item in wanted.items() if statement in known and item != known[statement]]
    new = [item for statement, item in wanted.items() if statement not in known]
    text = _changed(text, changed) if changed else text
    return _inserted(text, sorted(new, key=_order), path) if new else text


def _order(item: LedgerItem) -> tuple[str, str]:
    return item.kind, item.statement


def _changed(text: str, items: Iterable[LedgerItem]) -> str:
    """With the items' values where they differ."""
    import tomlkit

    document = tomlkit.parse(text)
    tables = {str(table["statement"]): table for table in document["item"]}
    for item in items:
        _update(tables[item.statement], _values(item), ITEM_KEYS)
    return tomlkit.dumps(document)


def _update(table: Table, wanted: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Of `keys` only, and of those only what differs: a person's own stay."""
    for key in keys:
        if key == "evidence" and key in table:
            _update(table[key], wanted.get(key, {}), EVIDENCE_KEYS)
        elif key not in wanted:
            if key in table:
                table.remove(key)
        elif key in table and isinstance(table[key], list) and isinstance(wanted[key], list):
            _update_list(table[key], wanted[key])
        elif key not in table or table[key] != wanted[key]:
            table[key] = as_toml(wanted[key])


def _update_list(array: Array, wanted: Sequence[Any]) -> None:
    """What both hold stays with its comments where `wanted` has it in the same order."""
    for index in range(len(array) - 1, -1, -1):
        if array[index] not in wanted:
            del array[index]
    for index, value in enumerate(wanted):
        if index >= len(array) or array[index] != value:
            array.insert(index, as_toml_inline(value))
    while len(array) > len(wanted):
        del array[-1]


def _inserted(text: str, items: Sequence[LedgerItem], path: PurePosixPath) -> str:
    """The text with a block for each of `items`, before the first item that sorts behind it; no other line changes."""
    ledger, _ = ledger_from_text(text, path)
    starts = sorted((each.where.line, _order(each)) for each in ledger.items if each.where and each.where.line)
    lines = text.split("\n")
    end = "\r" if lines[0].endswith("\r") else ""
    last: list[str] = []
    before: dict[int, list[str]] = {}
    for item in items:
        block = [f"{line}{end}" for line in (*_block(item).split("\n"), "")]
        behind = next((line for line, order in starts if order > _order(item)), None)
        (last if behind is None else before.setdefault(behind - 1, [])).extend(block)
    if last:
        body = text.rstrip("\r\n")
        lines = [*(f"{body}{end}\n{end}".split("\n") if body else []), *last[:-1], ""]
    for place in sorted(before, reverse=True):
        own = _with_comments_above(lines, place)
        lines[own:own] = before[place]
    return "\n".join(lines)


def _with_comments_above(lines: Sequence[str], place: int) -> int:
    """Where the item whose header is `lines[place]` begins, with the comments that stand directly on it."""
    while place > 0 and lines[place - 1].lstrip().startswith("#") and not _is_beginning(lines, place - 1):
        place -= 1
    return place


def _is_beginning(lines: Sequence[str], number: int) -> bool:
    """Whether a comment belongs to the file and not to the item below: it is of the block that begins the file."""
    return all(line.lstrip().startswith("#") for line in lines[:number])


def _block(item: LedgerItem) -> str:
    import tomlkit

    table = tomlkit.table()
    for key, value in _values(item).items():
        table[key] = as_toml(value)
    items = tomlkit.aot()
    items.append(table)
    return tomlkit.dumps({"item": items}).strip("\n")


def _values(item: LedgerItem) -> dict[str, Any]:
    """What stands in the file for an item; what is empty is left out."""
    values = {
        "statement": item.statement,
        "kind": str(item.kind),
        "answer": str(item.answer),
        "reason": item.reason,
        "by": item.by,
        "when": item.when,
        "expires": item.expires,
        "evidence": _evidence(item.evidence),
    }
    return {key: value for key, value in values.items() if value not in (None, {})}


def _evidence(evidence: LedgerEvidence) -> dict[str, Any]:
    denied = [
        {
            "source": each.source,
            "target": each.target,
            "tclass": each.tclass,
            "permissions": list(each.permissions),
            **({"paths": list(each.paths)} if each.paths else {}),
            **({"ports": list(each.ports)} if each.ports else {}),
        }
        for each in evidence.denied
    ]
    values = {
        "lines": evidence.lines,
        "first_seen": evidence.first_seen,
        "last_seen": evidence.last_seen,
        "hosts": list(evidence.hosts),
        "commands": list(evidence.commands),
        "executables": list(evidence.executables),
        "sample": evidence.sample,
        "denied": denied,
    }
    return {key: value for key, value in values.items() if value not in (None, [], "", 0)}


@contextlib.contextmanager
def _locked(file: Path, path: PurePosixPath) -> Iterator[int]:
    """One writer of a module's folder at a time, for as long as it takes to compare and rename; gives the folder."""
    try:
        directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise LedgerNotWrittenError(path, error) from error
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield directory
    finally:
        os.close(directory)


def _replace(file: Path, path: PurePosixPath, text: str, directory: int) -> None:
    """Beside, to the disk, then into place; the file's mode stays, and no half-written file is left behind."""
    beside = ""
    try:
        for left in file.parent.glob(f"{_beside(file)}*"):  # by a writer that was killed: we hold the lock
            left.unlink()
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask()
        descriptor, beside = tempfile.mkstemp(prefix=_beside(file), dir=file.parent)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fchmod(opened.fileno(), mode)
            os.fsync(opened.fileno())
        os.replace(beside, file)  # noqa: PTH105 - `beside` is a name
        os.fsync(directory)
    except OSError as error:
        raise LedgerNotWrittenError(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(beside)  # noqa: PTH108 - as above


def _beside(file: Path) -> str:
    return f".{file.name}."


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
