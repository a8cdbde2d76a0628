"""Turns a path as people write it into the regular expression that a file-contexts entry has in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPECIAL = re.compile(r"[.^$*+?()\[\]{}|\\]")
_HOME = re.compile(r"/home/([^/]+)(/.+)?")
# A file-contexts line ends a path at white space, and m4 reads ` and ' as quotation marks.
_UNWRITABLE = re.compile(r"[\s`'\x00-\x1f\x7f]")


class PathRefusedError(ValueError):
    """No entry can be written for the path; `reason` and `hint` are for the author."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContextPath:
    """The expression, and what a person should know about it (often nothing)."""

    expression: str
    note: str = ""


def file_context_path(path: object) -> FileContextPath:
    """The expression that matches `path` and nothing else; `(/.*)?` behind it takes in all that lies below.

    A path in somebody's home becomes HOME_DIR/…: the entries for home directories are read after every module's own,
    so that one with /home in it never wins. Raises PathRefusedError.
    """
    text = _checked(path)
    home = _HOME.fullmatch(text)
    if text == "/home" or (home and not home[2]):
        raise PathRefusedError(
            f"{text} is {'the folder of all homes' if text == '/home' else 'a whole home directory'}, "
            "which the system's own policy labels after every module",
            "Name a folder inside a home, or better keep the application below /srv.",
        )
    if home:
        expression = "HOME_DIR" + _escaped(home[2])
        note = (
            f"{text} is written as {expression}, which stands for every user's home: entries for home directories are "
            f"read after a module's own (file_contexts.homedirs), so one below /home would never win. A path below "
            f"/srv has no such limits."
        )
        return FileContextPath(expression=expression, note=note)
    return FileContextPath(expression=_escaped(text))


def _escaped(path: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[0], path)


def _checked(path: object) -> str:
    """The path without doubled and trailing slashes."""
    if not isinstance(path, str):
        raise PathRefusedError(f"a path is text, not {type(path).__name__} ({path!r})", 'Write it as "/srv/shop/live".')
    found = _UNWRITABLE.search(path)
    if found:
        raise PathRefusedError(
            f"{path!r} holds the character {found[0]!r}, which no file-contexts entry can hold",
            "Name the folder without it, or write the entry by hand with a dot in its place.",
        )
    if not path.startswith("/"):
        raise PathRefusedError(f"{path!r} does not begin with a slash", "Give the whole path, from / on.")
    parts = [part for part in path.split("/") if part]
    if "." in parts or ".." in parts:
        raise PathRefusedError(f"{path!r} holds . or .. as a part", "Give the path as `realpath` prints it.")
    if not parts:
        raise PathRefusedError("/ is the whole system", "Name the folder that is meant.")
    return "/" + "/".join(parts)
