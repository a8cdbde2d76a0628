"""A private directory for a running build, and the removal of those whose build has died."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sepack.workspace import Workspace

LOCK = "lock"


@contextmanager
def scratch_directory(workspace: Workspace) -> Iterator[PurePosixPath]:
    """A new directory below the workspace's scratch, held by a lock, removed at the end.

    A build that is killed leaves its directory and loses its lock; the next build removes what nobody holds.
    """
    home = workspace / workspace.scratch
    home.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(home)
    place = tempfile.mkdtemp(dir=home)
    lock = os.open(os.path.join(place, LOCK), os.O_CREAT | os.O_RDWR, 0o600)  # noqa: PTH118 - a descriptor is held
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield PurePosixPath(os.path.relpath(place, workspace.root))
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(home: Path) -> None:
    for place in home.iterdir():
        try:
            lock = os.open(place / LOCK, os.O_RDWR)
        except OSError:
            # Just being made, or not ours: it goes when it has had time to get its lock.
            if _older_than_an_hour(place):
                shutil.rmtree(place, ignore_errors=True)
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(place, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)


def _older_than_an_hour(place: Path) -> bool:
    try:
        return time.time() - place.stat().st_mtime > 3600
    except OSError:
        return False
