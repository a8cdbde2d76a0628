"""What a file's content is, without reading it again when nothing about it changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

SCHEMA = "sepack digests 2"
HEXADECIMAL = 64
# A file written within this many nanoseconds of being hashed may change again without its times showing it.
RACY_NS = 2_000_000_000


def digest_of(*parts: str | bytes) -> str:
    """SHA-256 (hexadecimal) of the parts, each preceded by its length so that their borders count."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


class Fingerprints:
    """SHA-256 of workspace files, remembered by size, times and inode in one file that may be lost at any time.

    That file is read when the first digest is asked for: a build with nothing to do may do without. It has a line for
    each file, the path last; each is looked into only when its path is asked for.
    """

    def __init__(self, root: Path, store: PurePosixPath) -> None:
        self._root = f"{root}/"
        self._store = root / store
        self._loaded: dict[str, str] | None = None
        self._changed = False

    @property
    def _known(self) -> dict[str, str]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> dict[str, str]:
        """What is known of each path: its line, which is the file's look, the digest and the path."""
        try:
            head, *lines = self._store.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
            whole = head == f"{SCHEMA} {len(lines)}"
            return {line.split("\t", 2)[2]: line for line in lines} if whole else {}
        except (OSError, IndexError):
            return {}

    def of(self, path: PurePosixPath | Path | str) -> str | None:
        """Hexadecimal SHA-256 of the file's content; None when there is no such file. Raises other OSErrors."""
        name = str(path)
        full = name if name[0] == "/" else self._root + name
        try:
            status = os.stat(full)  # noqa: PTH116 - a thousand calls in a build that has nothing to do
        except FileNotFoundError:
            return None
        look = look_of(status)
        known = self._known.get(name)
        if known is not None and known.startswith(look) and known[len(look)] == "\t":
            return known[len(look) + 1 : len(look) + 1 + HEXADECIMAL]
        with open(full, "rb") as file:  # noqa: PTH123 - as above
            digest = hashlib.sha256(file.read()).hexdigest()
        if time.time_ns() - status.st_ctime_ns > RACY_NS:
            self._remember(name, look, digest)
        return digest

    def learn(self, path: PurePosixPath | str, digest: str, status: os.stat_result) -> None:
        """Remember what a file that this process has just put into place holds, without reading it.

        `status` is that file's own: by its name one could meet a file that another build has put there since.
        """
        self._remember(str(path), look_of(status), digest)

    def _remember(self, name: str, look: str, digest: str) -> None:
        if "\n" not in name:
            self._known[name] = f"{look}\t{digest}\t{name}"
            self._changed = True

    def save(self) -> None:
        """Write what was learned; a failure is no matter, the next run reads the files again."""
        if self._changed:
            lines = self._known.values()
            write_beside(self._store, "\n".join([f"{SCHEMA} {len(lines)}", *lines]))


def look_of(status: os.stat_result) -> str:
    """What shows of a file from outside; as long as it stays so, the content does, unless the file was just written."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def write_beside(store: Path, text: str) -> None:
    """Write a file of the cache whole or not at all; a failure is no matter."""
    beside = store.with_name(f"{store.name}.{os.getpid()}")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8", errors="surrogateescape")
        beside.replace(store)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
