"""Where lines go: colour on a terminal, plain text everywhere else, nothing lost when the reader leaves."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console


class Screen:
    """Writes lines to a stream (standard output unless told otherwise).

    Colour needs a terminal, a TERM other than "dumb" and no NO_COLOR (no-color.org); nothing of rich is loaded without.
    """

    def __init__(self, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._stream = stream or sys.stdout
        self.is_terminal = self._stream.isatty() and environ.get("TERM") != "dumb"
        self._coloured = self.is_terminal and not environ.get("NO_COLOR")
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """Rich's console on the same stream, for what moves (a progress bar); only where `is_terminal`."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(file=self._stream, highlight=False, no_color=not self._coloured, soft_wrap=True)
        return self._console

    def line(self, text: str = "", style: str = "") -> None:
        """One line, or several; `style` is one of rich's ("bold red") and only shows in colour."""
        if self._coloured:
            self.console.print(visible(text), style=style or None, markup=False)
        else:
            self._stream.write(visible(text) + "\n")
            self._stream.flush()


def visible(text: str) -> str:
    """`text` without anything a terminal would obey: it may quote a file that somebody else wrote."""
    return "".join(char if char in "\n\t" or char.isprintable() else f"\\x{ord(char):02x}" for char in text)
