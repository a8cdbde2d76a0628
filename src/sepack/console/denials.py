"""How denials look: a table, JSON or markdown, and what became of every line that was read."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from sepack.console.untrusted import in_markdown, one_line
from sepack.model.denial import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sepack.console.screen import Screen
    from sepack.model.audit_log import Account, Aggregation
    from sepack.model.denial import Access, Denial, Smallest

HEADINGS = ("source", "target", "class", "permissions", "lines", "hosts", "commands", "last seen", "path")
_WIDEST = 60


def show_denials(screen: Screen, aggregation: Aggregation, command: str) -> None:
    rows = _rows(aggregation.denials)
    if rows:
        table = [HEADINGS, *rows]
        widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
        for line in table:
            screen.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for access, denial in sorted(aggregation.errors.items()):
        types = f"{access.source_type} → {access.target_type}"
        screen.line(f"SELINUX_ERR {access.permission}: {types}, {denial.evidence.lines} lines")
    for text in _remarks(aggregation):
        screen.line(text)
    screen.line(_next(aggregation, command))


def denials_as_markdown(aggregation: Aggregation, command: str) -> str:
    """The same for a pull request; nothing in it is taken for markup."""
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    lines += [f"| {' | '.join(in_markdown(cell) for cell in row)} |" for row in _rows(aggregation.denials)]
    lines += [
        "",
        *(f"- {in_markdown(text)}" for text in _remarks(aggregation)),
        "",
        in_markdown(_next(aggregation, command)),
    ]
    return "\n".join(lines) + "\n"


def print_denials_markdown(aggregation: Aggregation, command: str) -> None:
    sys.stdout.write(denials_as_markdown(aggregation, command))


def print_denials_json(aggregation: Aggregation) -> None:
    sys.stdout.write(json.dumps(denials_as_json(aggregation), indent=2) + "\n")


def denials_as_json(aggregation: Aggregation) -> dict[str, Any]:
    account = aggregation.account
    return {
        "denials": [_as_json(denial) for _, denial in sorted(aggregation.denials.items())],
        "granted": [_as_json(denial) for _, denial in sorted(aggregation.granted.items())],
        "errors": [_as_json(denial) for _, denial in sorted(aggregation.errors.items())],
        "account": {
            "lines": account.lines,
            "denials": account.denials,
            "granted": account.granted,
            "other": account.other,
            "not_understood": dict(sorted(account.not_understood.items())),
            "samples": [asdict(sample) for sample in account.samples.values],
        },
        "faults": dict(sorted(aggregation.faults.items())),
    }


def account_line(account: Account) -> str:
    return (
        f"{account.lines} lines: {account.denials} denials, {account.granted} granted, {account.other} other records, "
        f"{account.lines_not_understood} not understood"
    )


def _as_json(denial: Denial) -> dict[str, Any]:
    evidence = denial.evidence
    plain = {name: getattr(evidence, name) for name in ("lines", "enforcing", "permissive", "failed", "succeeded")}
    kept: dict[str, Smallest[Any]] = {
        name: getattr(evidence, name)
        for name in ("hosts", "commands", "executables", "paths", "names", "devices", "ports", "ioctls", "raw_contexts")
    }
    return {
        **asdict(denial.access),
        **plain,
        "first_seen": _moment(evidence.first),
        "last_seen": _moment(evidence.last),
        **{name: list(smallest.values) for name, smallest in kept.items()},
        "contexts": [[str(source), str(target)] for source, target in evidence.contexts.values],
        "more": sorted(name for name, smallest in {**kept, "contexts": evidence.contexts}.items() if smallest.more),
    }


def _rows(denials: Mapping[Access, Denial]) -> list[tuple[str, ...]]:
    """One row for source, target and class; the line count is that of the permission met most often."""
    grouped: dict[tuple[str, str, str], list[Denial]] = defaultdict(list)
    for access, denial in sorted(denials.items()):
        grouped[access.source_type, access.target_type, access.tclass].append(denial)
    return [(*names, *_cells(group)) for names, group in grouped.items()]


def _cells(group: list[Denial]) -> tuple[str, ...]:
    evidence = reduce(or_, (denial.evidence for denial in group), Evidence())
    path = next(iter(evidence.paths.values), "")
    cells = (
        " ".join(denial.access.permission for denial in group),
        str(max(denial.evidence.lines for denial in group)),
        _few(evidence.hosts),
        _few(evidence.commands),
        _moment(evidence.last, "minutes").removesuffix("+00:00"),
        path,
    )
    return tuple(one_line(cell, _WIDEST) for cell in cells)


def _few(smallest: Smallest[str]) -> str:
    shown = ", ".join(smallest.values[:2])
    rest = len(smallest.values) - 2
    return shown + (f" + more than {rest}" if smallest.more else f" + {rest}" if rest > 0 else "")


def _remarks(aggregation: Aggregation) -> Iterable[str]:
    account = aggregation.account
    for source, fault in sorted(aggregation.faults.items()):
        yield f"{one_line(source, _WIDEST)}: {fault}; what could be read is counted"
    for reason, lines in sorted(account.not_understood.items()):
        yield f"not understood, {reason}: {lines} lines"
    for sample in account.samples.values:
        yield f"  {sample.source}, byte {sample.offset}: {one_line(sample.text, 120)}"
    yield account_line(account)


def _next(aggregation: Aggregation, command: str) -> str:
    if aggregation.denials:
        return f"next: {command} denials.list --output json --log …   (all that is known of each)"
    return f"next: {command} status   (no denials here)"


def _moment(milliseconds: int | None, precision: str = "milliseconds") -> str:
    if milliseconds is None:
        return ""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec=precision)
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"
