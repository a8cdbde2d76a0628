"""`clean`: removes what was built, and nothing else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.errors import SepackError
from sepack.workspace import BUILD, CACHE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path, PurePosixPath

    from sepack.workspace import Workspace


class CleanError(SepackError):
    def __init__(self, path: PurePosixPath, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be removed: {error.strerror}",
            hint="it may belong to another user (ls -l); what could be removed is gone",
        )


def clean(workspace: Workspace, modules: Sequence[str], targets: Sequence[str]) -> list[PurePosixPath]:
    """Remove outputs of `modules` (none: all) for `targets` (none: all); gives the directories removed.

    With neither, the cache goes too. Only directories below build/ are touched, and links are removed, not followed.
    Raises UnknownModuleError, CleanError.
    """
    if modules:
        load_modules(workspace, modules)
    if not modules and not targets:
        doomed = [BUILD / place.name for place in _directories(workspace / BUILD)]
    else:
        doomed = [
            BUILD / target.name / module.name
            for target in _directories(workspace / BUILD)
            if target.name != CACHE.name and (not targets or target.name in targets)
            for module in _directories(target)
            if not modules or module.name in modules
        ]
    for path in doomed:
        _remove(workspace, path)
    return doomed


def _directories(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def _remove(workspace: Workspace, path: PurePosixPath) -> None:
    place = workspace / path
    try:
        if place.is_symlink():
            place.unlink()
        else:
            shutil.rmtree(place)
    except OSError as error:
        raise CleanError(path, error) from error
