"""What `clean` removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.console.screen import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from sepack.console.screen import Screen


def show_removed(screen: Screen, paths: Sequence[PurePosixPath], command: str) -> None:
    for path in paths:
        screen.line(f"removed {path}")
    if not paths:
        screen.line("nothing to remove")
    screen.line(f"next: {command} build")


def print_removed_json(paths: Sequence[PurePosixPath]) -> None:
    print_json({"removed": [str(path) for path in paths]})
