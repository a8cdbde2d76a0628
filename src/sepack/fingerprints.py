"""What a file's content is, without reading it again when nothing about it changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

SCHEMA = 1
FIELDS = 5
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


def _key(status: os.stat_result) -> list[int | str]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


class Fingerprints:
    """SHA-256 of workspace files, remembered by size, times and inode in one file that may be lost at any time."""

    def __init__(self, root: Path, store: PurePosixPath) -> None:
        self._root = str(root)
        self._store = root / store
        self._known: dict[str, list[int | str]] = self._load()
        self._changed = False

    def _load(self) -> dict[str, list[int | str]]:
        try:
            data = json.loads(self._store.read_bytes())
            files = data["files"] if data["schema"] == SCHEMA else {}
            whole = all(len(entry) == FIELDS and isinstance(entry, list) for entry in files.values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
        return files if whole else {}

    def of(self, path: PurePosixPath | Path | str) -> str | None:
        """Hexadecimal SHA-256 of the file's content; None when there is no such file. Raises other OSErrors."""
        name = str(path)
        full = name if name.startswith("/") else f"{self._root}/{name}"
        try:
            status = os.stat(full)  # noqa: PTH116 - a thousand calls in a build that has nothing to do
        except FileNotFoundError:
            return None
        key = _key(status)
        known = self._known.get(name)
        if known is not None and known[:4] == key:
            return known[4]  # type: ignore[return-value]
        with open(full, "rb") as file:  # noqa: PTH123 - as above
            digest = hashlib.sha256(file.read()).hexdigest()
        if time.time_ns() - status.st_ctime_ns > RACY_NS:
            self._known[name] = [*key, digest]
            self._changed = True
        return digest

    def learn(self, path: PurePosixPath, digest: str, status: os.stat_result) -> None:
        """Remember what a file that this process has just put into place holds, without reading it.

        `status` is that file's own: by its name one could meet a file that another build has put there since.
        """
        self._known[str(path)] = [*_key(status), digest]
        self._changed = True

    def save(self) -> None:
        """Write what was learned; a failure is no matter, the next run reads the files again."""
        if not self._changed:
            return
        beside = self._store.with_name(f"{self._store.name}.{os.getpid()}")
        try:
            self._store.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps({"schema": SCHEMA, "files": self._known}))
            beside.replace(self._store)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
