"""Where lines go: colour on a terminal, plain text everywhere else, nothing lost when the reader leaves."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console


class StreamError(Exception):
    """A stream takes no more of what is printed, for the system's `reason`: the only way that printing fails.

    No OSError, so that nobody takes it for a file's; and no SepackError, as there is nowhere left to print one.
    """

    def __init__(self, reason: OSError) -> None:
        super().__init__(f"the output cannot be written: {reason.strerror or reason}")
        self.reader_left = isinstance(reason, BrokenPipeError)


class Screen:
    """Writes lines to a stream (standard output unless told otherwise).

    Colour needs a terminal, a TERM other than "dumb" and no NO_COLOR (no-color.org); nothing of rich is loaded without.
    """

    def __init__(self, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._stream = stream or sys.stdout
        self.is_terminal = self._stream is not None and self._stream.isatty() and environ.get("TERM") != "dumb"
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
            with _failing_as_stream():
                self.console.print(visible(text), style=style or None, markup=False)
        else:
            _write(self._stream, visible(text) + "\n")


def print_json(document: Mapping[str, Any]) -> None:
    """To standard output. Raises StreamError."""
    import json

    _write(sys.stdout, json.dumps(document, indent=2, default=str) + "\n")


def _write(stream: TextIO | None, text: str) -> None:
    with _failing_as_stream():
        if stream is None:  # what Python makes of a descriptor that was closed when it started
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        stream.write(text)
        stream.flush()


@contextmanager
def _failing_as_stream() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StreamError(error) from error


def visible(text: str) -> str:
    """`text` without anything a terminal would obey: it may quote a file that somebody else wrote."""
    return "".join(char if char in "\n\t" or char.isprintable() else f"\\x{ord(char):02x}" for char in text)
