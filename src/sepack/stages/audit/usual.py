"""The usual denial of a raw log, read at speed: one expression for it and its call, and few looks at what it gives.

What is read here comes to exactly what the reader's careful way would make of it; a line of any other look is left to
that.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

from sepack.stages.audit.cache_message import CacheMessage, NotUnderstoodError, read_message
from sepack.stages.audit.neighbours import ARGUMENTS, CALL, NUMBER, OUTCOME, PATH, WORD, Neighbours
from sepack.stages.audit.shape import Kind, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sepack.model.audit_log import Signature
    from sepack.stages.audit.neighbours import Row
    from sepack.stages.audit.tally import Tally

# `find` below is `in` without the exception that bytes raise and drop inside; an empty alternative costs less than an
# optional group. Contexts and class are checked once for each text.
_USUAL = re.compile(
    rb"\ntype=AVC msg=audit\((([1-9][0-9]{9}\.[0-9]{3}):[0-9]{1,20})\): avc:  denied  \{ ([^}]{1,250}) \} for "
    rb' pid=[0-9]{1,10} comm="(' + WORD + rb'{1,64})"'
    rb'(?: path="([!#-?A-~]' + WORD + rb'{0,4095})"| name="(' + WORD + rb'{1,255})"|)'
    rb'(?: dev=("' + WORD + rb'{1,255}"|' + WORD + rb"{1,255})|)(?: ino=([0-9]{1,20})|)"
    rb"(?: ioctlcmd=0x([0-9a-f]{1,8})| capability=[0-9]{1,3} |"
    rb"(?: (?:laddr|faddr|saddr|daddr|lport|fport|netif)=" + NUMBER + rb"){1,8}|)(?: (?:src|dest)=([0-9]{1,5})|)"
    rb" scontext=([^:]{1,255}:[^:]{1,255}:[^: ]{1,255})(:[A-Za-z0-9_.,:-]{1,4096}|)"
    rb" tcontext=([^:]{1,255}:[^:]{1,255}:[^: ]{1,255})(:[A-Za-z0-9_.,:-]{1,4096}|) tclass=([^\n]{1,300})\n"
    rb"(?:type=SYSCALL msg=audit\(\1\): " + CALL + rb"|)"
)
_CLASS = re.compile(rb"[a-z][a-z0-9_]{0,254}(?: permissive=[01])?")

# Positions in the groups of _USUAL, beside those that `neighbours` names.
_TIME, _LOW, _HIGH, _END = 1, 11, 13, 14
_COMMON = itemgetter(2, 10, 12, _END)  # permissions, source, target, class and outcome
_SAID = itemgetter(3, 6, 8, 9, OUTCOME, 17)  # command, device, ioctl, port, outcome and executable of the call
_KIND = itemgetter(2, 10, 12, _END, 3, 6, 8, 9, OUTCOME, 17)
_SLASH = ord("/")
_REMEMBERED = 32_768


class UsualDenials:
    """Counts usual denials by what they have in common."""

    def __init__(self, tally_of: Callable[[Signature], Tally]) -> None:
        self._tally_of = tally_of
        self._shapes: dict[tuple[bytes, ...], Shape | None] = {}
        self._kinds: dict[bytes, Kind] = {}

    def read(self, data: bytes, positions: Sequence[int]) -> list[int]:
        """Count the denials whose lines' newlines stand at `positions`; returns those that look otherwise.

        `data` has raw lines alone, and all that begin at most WINDOW before or after a denial.
        """
        left = []
        match, kind_of, join = _USUAL.match, self._kinds.get, b"\0".join
        neighbours = Neighbours(data)
        for at in positions:
            found = match(data, at)
            row: Row | None = found.groups(b"") if found else None
            if row and (not (text := row[ARGUMENTS]) or text.find(b"\n") >= 0 or text.find(b" exe=") >= 0):
                row = neighbours.with_call(at, row)
            kind = (kind_of(join(_KIND(row))) or self._meet(row)) if row else None
            if row is None or kind is None:
                left.append(at)
                continue
            path, time = row[PATH], row[_TIME]
            if path and path[0] == _SLASH:
                if path < kind.paths.limit:
                    kind.paths.add(path)
            elif not neighbours.take_name(at, row, kind.shape):
                left.append(at)
                continue
            if row[_LOW] != kind.low or row[_HIGH] != kind.high:
                kind.levels.add((row[_LOW], row[_HIGH]))
            if time > kind.last:  # noqa: PLR1730 - a call costs more
                kind.last = time
            if time < kind.first:  # noqa: PLR1730 - the same
                kind.first = time
            kind.lines += 1
        return left

    def _meet(self, row: Row) -> Kind | None:
        """The kind of a denial that is the first of it."""
        common = _COMMON(row)
        if common not in self._shapes:
            message = _message(common) if _CLASS.fullmatch(row[_END]) else None
            self._shapes[common] = Shape(message) if message else None
        shape = self._shapes[common]
        if shape is None:
            return None
        if len(self._kinds) >= _REMEMBERED:
            self.flush()
        shape.levels.add((row[_LOW], row[_HIGH]))
        kind = self._kinds[b"\0".join(_KIND(row))] = Kind(shape, _SAID(row), row[_LOW], row[_HIGH])
        return kind

    def flush(self) -> None:
        """Add all to the tallies, and forget it."""
        for kind in self._kinds.values():
            if kind.lines:
                kind.pour(self._tally_of(kind.shape.message.signature))
        for shape in self._shapes.values():
            if shape is not None:
                shape.pour(self._tally_of(shape.message.signature))
        self._kinds.clear()
        self._shapes.clear()


def _message(common: tuple[bytes, ...]) -> CacheMessage | None:
    try:
        return read_message(b"avc:  denied  { %b } for  scontext=%b tcontext=%b tclass=%b" % common)
    except NotUnderstoodError:
        return None
