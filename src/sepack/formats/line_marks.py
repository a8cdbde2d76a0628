"""Line marks of expanded policy text: from a line of m4's output back to the file and line it came from.

`m4 -s` writes `#line N "file"` (the file only when it changes) before a line whose source is not the next line of
the source; refpolicy's interfaces write `##### begin NAME(…) depth: N` and `##### end NAME(…)` around their bodies.
"""

from __future__ import annotations

import re

from sepack.frozen import frozen

# Headers and sources may hold bytes of other encodings in comments; they go through unharmed.
ENCODING = {"encoding": "utf-8", "errors": "surrogateescape"}

_MARK = re.compile(r'#line (\d+)(?: "(.*)")?$')
_BEGIN_END = re.compile(r"\s*##### (begin|end) (\w+)\(")


@frozen
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


def occurrence(text: str, number: int, interface: str, word: str) -> int:
    """Which one (from 0) of the `word`s that the body of `interface` holds itself stands on line `number` of `text`.

    Bodies of other interfaces that it calls are passed over; so is what a call of it expanded to before.
    """
    pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-])")
    count, stack = 0, list[str]()
    for line in text.split("\n")[: number - 1]:
        depth = len(stack)
        _follow(stack, line)
        if len(stack) > depth and stack[-1] == interface:
            count = 0
        elif stack and stack[-1] == interface and not line.startswith("#"):
            count += len(pattern.findall(line))
    return count


def _follow(stack: list[str], line: str) -> None:
    found = _BEGIN_END.match(line)
    if not found:
        return
    if found[1] == "begin":
        stack.append(found[2])
    elif found[2] in stack:
        del stack[len(stack) - 1 - stack[::-1].index(found[2]) :]
