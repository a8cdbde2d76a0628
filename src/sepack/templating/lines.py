"""Finds the template line behind each rendered line, by a second render in which every line carries a mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2.ext import Extension
from jinja2.lexer import Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2 import Environment
    from jinja2.lexer import TokenStream

_MARK = re.compile("\x01(\\d+):(\\d+)\x02")

Place = tuple[str, int]
"""A template's name, and a line in it."""


class LineMarks(Extension):
    """Puts a mark before every line of a template's text and before every value it prints.

    A mark is digits between two control characters: filters that change letters or words leave it as it is.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._names: dict[str, int] = {}

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        number = self._names.setdefault(stream.name or "", len(self._names))
        for token in stream:
            if token.type == "data":
                parts = token.value.split("\n")
                lines = (f"{_mark(number, token.lineno + i)}{part}" for i, part in enumerate(parts))
                yield Token(token.lineno, "data", "\n".join(lines))
                continue
            if token.type == "variable_begin":
                yield Token(token.lineno, "data", _mark(number, token.lineno))
            yield token

    def places(self, marked: str) -> list[tuple[str, Place | None]]:
        """Each line of a marked text, without its marks, and the place it comes from."""
        names = {number: name for name, number in self._names.items()}
        return [
            (_MARK.sub("", line), None if place is None else (names[place[0]], place[1]))
            for line, place in _places(marked)
        ]


def aligned(found: list[tuple[str, Place | None]], lines: list[str]) -> list[Place | None]:
    """The places of `lines`, where `found` has them.

    The two agree as a rule. They do not where a template looks at its own text (its length, say), in which the marks
    showed: then only what both have in common has a place, and the rest none.
    """
    if [line for line, _ in found] == lines:
        return [place for _, place in found]
    import difflib

    places: list[Place | None] = [None] * len(lines)
    matcher = difflib.SequenceMatcher(None, [line for line, _ in found], lines, autojunk=False)
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            places[block.b + i] = found[block.a + i][1]
    return places


def _mark(template: int, line: int) -> str:
    return f"\x01{template}:{line}\x02"


def _places(marked: str) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """A line comes from the last mark before its first character, else from the last mark of the lines before it."""
    latest: tuple[int, int] | None = None
    for line in marked.split("\n"):
        place, end = latest, 0
        for mark in _MARK.finditer(line):
            latest = (int(mark[1]), int(mark[2]))
            if mark.start() == end:
                place, end = latest, mark.end()
        yield line, place
