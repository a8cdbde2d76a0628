"""Reads what people wrote, and refuses what is no text, cannot be read, or lies outside the repository."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from sepack.errors import DeclarationError, Location

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

_MARK = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class OutsideError(DeclarationError):
    """A link leads out of the repository."""

    def __init__(self, path: PurePosixPath, destination: Path, root: Path) -> None:
        super().__init__(
            f"this is a link that leads out of the repository, to {destination}",
            where=Location(path=path),
            details=(f"the repository is {root}; what lies outside it is not reviewed, nor there on the next machine",),
            hint=f"Put a copy in its place: rm {path} && cp -r {destination} {path}",
        )


class UnreadableError(DeclarationError):
    """The system does not let us read it."""

    def __init__(self, path: PurePosixPath, error: OSError) -> None:
        reason = error.strerror or str(error)
        super().__init__(
            f"this cannot be read: {reason}", where=Location(path=path), hint=_remedy_for_unreadable(path, error)
        )


class NotAFileError(DeclarationError):
    """Something else than a file stands where a file has to be."""

    def __init__(self, path: PurePosixPath, mode: int) -> None:
        super().__init__(
            f"this is {_SPECIAL.get(stat.S_IFMT(mode), 'no regular file')}, and has to be a regular file",
            where=Location(path=path),
            hint=f"Move it away, or put a text file in its place; `ls -l {path}` shows what it is.",
        )


class NotTextError(DeclarationError):
    """The bytes are not UTF-8 text; `offset` is where that shows, counted in bytes from 0."""

    def __init__(self, path: PurePosixPath, data: bytes, offset: int) -> None:
        what, hint = _fault_in(data, offset, path)
        super().__init__(
            f"this is not plain UTF-8 text: {what}",
            where=_place_of(path, data, offset),
            details=(f"byte 0x{data[offset]:02x} at offset {offset}",),
            hint=hint,
        )


def require_inside(root: Path, path: PurePosixPath) -> None:
    """Follows every link in `path`, which is relative to `root`.

    Raises OutsideError when that leaves `root`, and UnreadableError when it leads nowhere.
    """
    home = root.resolve()
    try:
        destination = (root / path).resolve(strict=True)
    except OSError as error:
        raise UnreadableError(path, error) from error
    except RuntimeError as error:  # Python before 3.13 says so of links that go round in a circle
        raise UnreadableError(path, OSError(0, "its links go round in a circle")) from error
    if not destination.is_relative_to(home):
        raise OutsideError(path, destination, home)


def require_file(file: Path | str, shown: PurePosixPath) -> None:
    """Raises NotAFileError or UnreadableError unless `file`, links followed, is a regular file we may read."""
    try:
        mode = os.stat(file).st_mode  # noqa: PTH116 - called for each source of hundreds of modules
    except OSError as error:
        raise UnreadableError(shown, error) from error
    if not stat.S_ISREG(mode):
        raise NotAFileError(shown, mode)
    if not os.access(file, os.R_OK):
        raise UnreadableError(shown, PermissionError(13, "permission denied"))


def read_text(file: Path | str, shown: PurePosixPath) -> str:
    """The file's text, exactly as it lies there; `shown` is its name in what a person is told.

    Raises UnreadableError, or NotTextError for what is not UTF-8, begins with a byte order mark or holds a NUL byte.
    """
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 - called for each source of hundreds of modules
            data = opened.read()
    except OSError as error:
        raise UnreadableError(shown, error) from error
    if data.startswith((_MARK, *_UTF16)):
        raise NotTextError(shown, data, 0)
    nul = data.find(0)
    if nul >= 0:
        raise NotTextError(shown, data, nul)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotTextError(shown, data, error.start) from error


def _place_of(path: PurePosixPath, data: bytes, offset: int) -> Location:
    if data.startswith(_UTF16):
        return Location(path=path)
    begin = data.rfind(b"\n", 0, offset) + 1
    line = data[begin:].split(b"\n", 1)[0].decode(errors="replace")
    column = len(data[begin:offset].decode(errors="replace")) + 1
    text = line.rstrip("\r").lstrip("\ufeff").replace("\0", "\ufffd")
    return Location(path=path, line=data.count(b"\n", 0, offset) + 1, column=column, text=text)


def _fault_in(data: bytes, offset: int, path: PurePosixPath) -> tuple[str, str]:
    """What is wrong with the byte at `offset`, and what to do."""
    if data.startswith(_UTF16):
        return "it looks like UTF-16", f"Convert it: iconv -f UTF-16 -t UTF-8 {path} > new && mv new {path}"
    if data.startswith(_MARK):
        remove = rf"sed -i '1s/^\xEF\xBB\xBF//' {path}"
        return "it begins with a byte order mark, which no SELinux tool reads", f"Remove it: {remove}"
    if data[offset] == 0:
        return "it holds a NUL byte", "Is it a compiled file under a source's name? Put the source in its place."
    convert = f"iconv -f ISO-8859-1 -t UTF-8 {path} > new && mv new {path}"
    return f"byte 0x{data[offset]:02x} belongs to another encoding", f"If that is Latin-1, convert it: {convert}"


def _remedy_for_unreadable(path: PurePosixPath, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"Give yourself the right to read it: chmod u+rX {path} (or chown it, if it is another user's)"
    if isinstance(error, FileNotFoundError):
        return f"`ls -l {path}` shows where it points, if it is a link; restore that file, or remove the link."
    return f"`ls -l {path}` shows what it is."
