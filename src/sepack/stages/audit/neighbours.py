"""What stands beside a usual denial: its system call where that does not follow at once, and its PATH records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sepack.stages.audit.join import WINDOW, choose_path

if TYPE_CHECKING:
    from sepack.stages.audit.shape import Shape

Row = tuple[bytes, ...]
"""The groups of the expression for the usual denial, b"" where absent; then those of its call."""

KEY, PATH, NAME, INODE, OUTCOME, ARGUMENTS = 0, 4, 5, 7, 15, 16
"""Positions in a Row."""

WORD = rb"[!#-~]"  # what the kernel leaves as it is between quotes; all else it writes in hexadecimal
NUMBER = rb"[^ \"\n]{1,40}"
CALL = (
    rb"arch=" + NUMBER + rb" syscall=" + NUMBER + rb" success=(yes|no) exit=([^\"]{1,2000}) "
    rb'comm="' + WORD + rb'{1,64}" exe="(' + WORD + rb'{1,4096})" '
)
"""From the header on: outcome, arguments (which are plain only if `is_plain` says so) and executable."""

_CALL_AT = b"\ntype=SYSCALL msg=audit("
_PATH_AT = b"\ntype=PATH msg=audit("
_CWD_AT = b"\ntype=CWD msg=audit("
_CALL = re.compile(rb"\ntype=SYSCALL msg=audit\([0-9.:]+\): " + CALL)
_PATH_BEGIN = (
    rb'\ntype=PATH msg=audit\([0-9.:]+\): item=[0-9]{1,3} name="(' + WORD + rb'{1,4096})" inode=([0-9]{1,20}) '
)
_BEGIN = re.compile(_PATH_BEGIN)
_WHOLE = re.compile(
    _PATH_BEGIN + rb"dev=" + NUMBER + rb" mode=" + NUMBER + rb" ouid=" + NUMBER + rb" ogid=" + NUMBER
    + rb" rdev=" + NUMBER + rb"(?: obj=" + WORD + rb"{1,4096}|) nametype=([A-Z]{1,20})(?= cap_fp=|[\x1d\n])"
)  # fmt: skip
_DIRECTORY = re.compile(rb'\ntype=CWD msg=audit\([0-9.:]+\): cwd="(' + WORD + rb'{1,4096})"(?=[\x1d\n])')
_NEAR = 2400  # in more bytes, CPython's search sets up tables first
_ITEMS = re.compile(rb" items=([0-9]{1,3}) ")


def is_plain(arguments: bytes) -> bool:
    """Whether what was taken for a call's arguments is of one line, without an executable."""
    return b"\n" not in arguments and b" exe=" not in arguments


class Neighbours:
    """The lines around the denials of `data`. What looks unusual is not answered: None, or False."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._has_calls = _CALL_AT in data
        self._has_paths = _PATH_AT in data

    def with_call(self, at: int, row: Row) -> Row | None:
        """The row with what its call says: the first after it, or else the last before it."""
        alone = (*row[:OUTCOME], b"", b"", b"")
        if not self._has_calls:
            return None if self._has_paths else alone
        wanted = _CALL_AT + row[KEY] + b")"
        found = self._find(wanted, at, at)
        if found < 0:
            before = self._data.rfind(wanted, max(0, at - WINDOW), at) >= 0
            return None if before or self._has_paths else alone
        call = _CALL.match(self._data, found)
        return (*row[:OUTCOME], *call.groups()) if call and is_plain(call[2]) else None

    def _find(self, wanted: bytes, start: int, at: int) -> int:
        """Where it begins, from `start` on and at most WINDOW after `at`; what is near is found without preparation."""
        found = self._data.find(wanted, start, start + _NEAR)
        return found if 0 <= found <= at + WINDOW else self._data.find(wanted, start, at + WINDOW + len(wanted))

    def take_name(self, at: int, row: Row, shape: Shape) -> bool:
        """Give the shape the name of a denial without a path, and the path that its PATH records tell."""
        name = row[PATH] or row[NAME]
        if row[ARGUMENTS] and (name or row[INODE] or shape.tclass == "dir"):
            path = self._find_path(at, row, shape.tclass)
            if path is None:
                return False
            if path and path < shape.joined.limit:
                shape.joined.add(path)
        if name and name < shape.names.limit:
            shape.names.add(name)
        return True

    def _find_path(self, at: int, row: Row, tclass: str) -> bytes | None:
        """The path, not normalized, by the PATH records that the call has; b"" where they do not tell."""
        arguments, key = row[ARGUMENTS], row[KEY] + b")"
        if arguments.find(b" items=0 ") >= 0:
            return b""
        call = self._find(_CALL_AT + key, at, at)
        if arguments.find(b" items=1 ") >= 0:
            position = self._find(_PATH_AT + key, call, at)
            record = _BEGIN.match(self._data, position) if position >= 0 else None
            if record and record[2] == row[INODE] and record[1].startswith(b"/"):
                return record[1]
        items = _ITEMS.search(arguments)
        return self._choose_path(at, call, int(items[1]), row, tclass) if items else None

    def _choose_path(self, at: int, call: int, items: int, row: Row, tclass: str) -> bytes | None:
        records = []
        wanted = _PATH_AT + row[KEY] + b")"
        position = call
        for _ in range(items):
            position = self._find(wanted, position + 1, at)
            record = _WHOLE.match(self._data, position) if position >= 0 else None
            if record is None:
                return None
            records.append((record[1].decode(), record[2], record[3]))
        directory = ""
        found = self._data.find(_CWD_AT + row[KEY] + b")", call, position) if items else -1
        if found >= 0:
            named = _DIRECTORY.match(self._data, found)
            if named is None:
                return None
            directory = named[1].decode()
        name = (row[PATH] or row[NAME]).decode()
        return choose_path(tclass, row[INODE], name, directory, records).encode()
