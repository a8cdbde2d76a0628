"""Line marks of expanded policy text: from a line of m4's output back to the file and line it came from.

`m4 -s` writes `#line N "file"` (the file only when it changes) before a line whose source is not the next line of
the source; refpolicy's interfaces write `##### begin NAME(…) depth: N` and `##### end NAME(…)` around their bodies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Headers and sources may hold bytes of other encodings in comments; they go through unharmed.
ENCODING = {"encoding": "utf-8", "errors": "surrogateescape"}

_MARK = re.compile(r'#line (\d+)(?: "(.*)")?$')
_BEGIN_END = re.compile(r"\s*##### (begin|end) (\w+)\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """Where a line of expanded text comes from, and the interfaces (outermost first) whose bodies it lies in."""

    path: str
    line: int
    interfaces: tuple[str, ...]


def trace(text: str, number: int) -> Expanded | None:
    """The source of line `number` (from 1) of `text`; None before the first mark or past the end."""
    path, source, stack = "", 0, list[str]()
    for index, line in enumerate(text.split("\n"), start=1):
        mark = _MARK.match(line)
        if mark:
            source = int(mark[1]) - 1
            path = mark[2] or path
            if index == number:
                return None
            continue
        source += 1
        if index == number:
            return Expanded(path=path, line=source, interfaces=tuple(stack)) if path else None
        _follow(stack, line)
    return None


def _follow(stack: list[str], line: str) -> None:
    found = _BEGIN_END.match(line)
    if not found:
        return
    if found[1] == "begin":
        stack.append(found[2])
    elif found[2] in stack:
        del stack[len(stack) - 1 - stack[::-1].index(found[2]) :]


def without_marks(text: str) -> str:
    """`text` as m4 writes it when it is not asked for marks."""
    return "".join(line for line in text.splitlines(keepends=True) if not _MARK.match(line.rstrip("\n")))
