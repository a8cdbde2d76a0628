"""Runs of raw lines, as auditd writes them: which lines need a look, and which have all their neighbours in sight."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from sepack.stages.audit.join import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL_DENIAL = b"avc:  denied"
_KINDS = rb"(?:AVC|USER_AVC|SELINUX_ERR)"
RAW_OTHER = re.compile(rb"type=(?!" + _KINDS + rb" )[A-Z_0-9]+ msg=audit\(")
"""How a record begins that can be no access, unless its text holds one (`USUAL_DENIAL`), which is not understood."""

# The newline before each line that needs a look: 1 for what begins as the usual denial does, 2 for other accesses, none
# for what is no raw line.
_LOOKED_AT = re.compile(
    rb"\n(?:type=(?:AVC msg=audit\([0-9.:]{1,40}\): avc:  denied  ()|" + _KINDS + rb" msg=audit\(())"
    rb"|(?!type=[A-Z_0-9]++ msg=audit\())"
)


def find_looked_at(data: bytes) -> list[int] | None:
    """Where the lines begin (at the newline before them) that may be accesses; None unless all lines are raw.

    `data` are lines, each after its newline.
    """
    found, usual = [], 0
    for line in _LOOKED_AT.finditer(data):
        kind = line.lastindex
        if kind is None:
            return None
        usual += kind == 1
        found.append(line.start())
    if data.count(USUAL_DENIAL) != usual:
        found = sorted({*found, *_lines_with_denials(data)})
    return found


def _lines_with_denials(data: bytes) -> Iterator[int]:
    at = data.find(USUAL_DENIAL)
    while at >= 0:
        yield data.rfind(b"\n", 0, at)
        at = data.find(USUAL_DENIAL, at + 1)


class Run:
    """Raw lines that follow one another without a gap: those of them that are still needed.

    A position is that of a newline in `data`; the line after it begins at `origin + position` of the source.
    """

    def __init__(self, origin: int) -> None:
        self.begin = self.origin = origin
        self.data = b""
        self.has_begun = False
        self._pending: list[int] = []

    @property
    def end(self) -> int:
        """The offset after the last line."""
        return self.origin + len(self.data)

    def add(self, lines: bytes, looked_at: list[int]) -> None:
        """Append `lines`, each after its newline, and the positions in them that have to be looked at."""
        size = len(self.data)
        self.data += lines
        self._pending += [size + position for position in looked_at] if size else looked_at

    def take(self, before: int) -> list[int]:
        """The positions to look at that lie before this one; each is given once."""
        count = bisect_left(self._pending, before)
        taken, self._pending = self._pending[:count], self._pending[count:]
        return taken

    def forget(self) -> None:
        """Drop the lines that no position still to be taken, and no record of an event beyond the end, can need."""
        cut = self.data.rfind(b"\n", 0, max(0, len(self.data) - 2 * WINDOW))
        if cut > 0:
            self.origin += cut
            self.data = self.data[cut:]
            self._pending = [position - cut for position in self._pending]
