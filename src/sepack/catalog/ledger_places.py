"""Where the items of a ledger.toml stand, and each key of an item."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from sepack.errors import Location
from sepack.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import PurePosixPath

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*item[ \t]*\]\]", re.MULTILINE)


@frozen
class ItemPlace:
    """One item's part of `text`: from the offset of its header on to the next one's."""

    path: PurePosixPath
    text: str
    start: int
    end: int

    @property
    def header(self) -> Location:
        return _location(self.text, self.path, self.start)

    def key(self, key: str) -> Location:
        """The line that gives `key`, be it the item's or its evidence's; the header where none does."""
        spelled = rf"""(?:"{re.escape(key)}"|'{re.escape(key)}'|{re.escape(key)})"""
        assignment = rf"^[ \t]*(?:evidence[ \t]*\.[ \t]*)?{spelled}[ \t]*[=.]"
        table = rf"^[ \t]*\[[ \t]*item[ \t]*\.[ \t]*{spelled}[ \t]*\]"
        given = re.compile(f"{assignment}|{table}", re.MULTILINE)
        within = given.finditer(self.text, self.start, self.end)
        found = next(_statements(self.text, (each.start() for each in within)), None)
        return self.header if found is None else _location(self.text, self.path, found)


def item_places(text: str, path: PurePosixPath, items: int) -> tuple[ItemPlace, ...]:
    """Where each [[item]] begins, in the file's order; `items` is how many the parser found.

    A header inside a string of several lines begins nothing. To tell is a parse for each header, which is done only
    where there seem to be more of them than items.
    """
    starts = [found.start() for found in _HEADER.finditer(text)]
    if len(starts) > items:
        starts = list(_statements(text, starts))
    ends = [*starts, len(text)][1:]
    return tuple(ItemPlace(path=path, text=text, start=start, end=end) for start, end in zip(starts, ends, strict=True))


def place_of_key(text: str, path: PurePosixPath, key: str) -> Location:
    """The first line that gives a key or a table of the file's top level."""
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}\b", text, re.MULTILINE)
    return Location(path=path) if found is None else _location(text, path, found.start())


def _statements(text: str, offsets: Iterable[int]) -> Iterator[int]:
    """Those of `offsets` that lie outside of every string and list."""
    return (offset for offset in offsets if _is_toml(text[:offset]))


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _location(text: str, path: PurePosixPath, offset: int) -> Location:
    line = text[text.rfind("\n", 0, offset) + 1 :].split("\n", 1)[0]
    return Location(path=path, line=text.count("\n", 0, offset) + 1, text=line.rstrip("\r"))
