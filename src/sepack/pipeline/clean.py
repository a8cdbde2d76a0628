"""`clean`: removes what was built, and nothing else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.errors import SepackError
from sepack.targets import require_target
from sepack.workspace import BUILD, CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path, PurePosixPath

    from sepack.workspace import Workspace


class CleanError(SepackError):
    def __init__(self, path: PurePosixPath, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be removed: {error.strerror}",
            hint="it may belong to another user (ls -l); what could be removed is gone",
        )


def clean(workspace: Workspace, modules: Sequence[str], targets: Sequence[str]) -> list[PurePosixPath]:
    """Remove outputs of `modules` (none: all) for `targets` (none: all); gives what was removed.

    With neither, the cache goes too. Only directories below build/ are touched, and a link in their place is removed,
    never followed. Raises UnknownModuleError, UnknownTargetError, CleanError.
    """
    if modules:
        load_modules(workspace, modules)
    for name in targets:
        require_target(name)
    doomed = list(_doomed(workspace, modules, targets))
    for path in doomed:
        _remove(workspace, path)
    return doomed


def _doomed(workspace: Workspace, modules: Sequence[str], targets: Sequence[str]) -> Iterator[PurePosixPath]:
    if (workspace / BUILD).is_symlink():
        yield BUILD
        return
    for target in _directories(workspace / BUILD):
        if not modules and not targets:
            yield BUILD / target.name
        elif target.name == CACHE.name or (targets and target.name not in targets):
            continue
        elif target.is_symlink():
            yield BUILD / target.name
        else:
            found = (module.name for module in _directories(target))
            yield from (BUILD / target.name / name for name in found if not modules or name in modules)


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
