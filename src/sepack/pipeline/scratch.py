"""A private directory for a running build, and the removal of those whose build has died."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sepack.workspace import Workspace

# No module has a name like that, and each has a directory of its own beside it.
LOCK = ".lock"
TRIES = 8


@contextmanager
def scratch_directory(workspace: Workspace) -> Iterator[PurePosixPath]:
    """A new directory below the workspace's scratch, held by a lock, removed at the end.

    A build that is killed leaves its directory and loses its lock; the next build removes what nobody holds.
    """
    home = workspace / workspace.scratch
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home):
        _remove_abandoned(home)
        place = str(home / os.urandom(8).hex())
        os.mkdir(place, 0o700)  # noqa: PTH102 - tempfile would cost a build with nothing to do a millisecond
        lock = _hold(os.path.join(place, LOCK))  # noqa: PTH118 - a descriptor is held
    try:
        yield PurePosixPath(os.path.relpath(place, workspace.root))
    finally:
        _empty(place)
        os.close(lock)
        with suppress(OSError), _alone(home):
            # Once more: a process that was just being started when its build was killed kept the lock for a moment.
            _remove_abandoned(home)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One build at a time: a directory that has no lock yet would look abandoned to another one."""
    lock = _hold(f"{home}.lock")
    try:
        yield
    finally:
        os.close(lock)


def _hold(path: str) -> int:
    """Wait for the lock; it ends with its descriptor, which no program that is started inherits."""
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _remove_abandoned(home: Path) -> None:
    for place in home.iterdir():
        try:
            lock = os.open(place / LOCK, os.O_RDWR)
        except FileNotFoundError:
            _remove(place)
            continue
        except OSError:
            continue  # another user's, or none of ours
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(place)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)


def _remove(place: Path) -> None:
    """What a killed build had started may still create a file or two, into a directory that was just emptied."""
    for _ in range(TRIES):
        _empty(str(place))
        if not place.exists():
            return


def _empty(place: str) -> None:
    """Remove a directory with all that can be removed of what is in it; shutil takes longer to load than this."""
    with suppress(OSError):
        with os.scandir(place) as found:
            entries = list(found)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _empty(entry.path)
            else:
                with suppress(OSError):
                    os.unlink(entry.path)  # noqa: PTH108 - a string
        os.rmdir(place)  # noqa: PTH106 - a string
