"""The table of `status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sepack.console.errors import error_as_json, show_error
from sepack.console.screen import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.console.screen import Screen
    from sepack.errors import SepackError
    from sepack.model.status import ModuleStatus

MOST_PATHS = 8
HEADINGS = ("module", "version", "target", "built", "format", "state")


def show_status(screen: Screen, rows: Sequence[ModuleStatus], problems: Sequence[SepackError], command: str) -> None:
    table = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
    for line in table:
        screen.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for problem in problems:
        show_error(screen, problem)
    stale = sum(1 for row in rows if row.stale)
    loadable = [row.path for row in rows if row.target == "host" and row.path]
    if problems and not stale:
        screen.line(f"next: mend what is above, then {command} build")
    elif stale or not loadable:
        screen.line(f"next: {command} build   ({stale} to build)")
    else:
        screen.line(f"next: sudo semodule -i {' '.join(loadable[:MOST_PATHS])}   (loads on this host)")


def _cells(row: ModuleStatus) -> tuple[str, ...]:
    state = row.stale or "up to date"
    return (
        row.module,
        row.version or "?",
        row.target,
        row.built or "-",
        str(row.format) if row.format else "-",
        state,
    )


def print_status_json(rows: Sequence[ModuleStatus], problems: Sequence[SepackError]) -> None:
    document = {"modules": [asdict(row) for row in rows], "errors": [error_as_json(problem) for problem in problems]}
    print_json(document)
