"""What `policy/` declares: one Module a folder, and everything that is wrong with the folders that make none."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sepack.authored import UnreadableError, require_inside
from sepack.catalog.declaration import declared_at
from sepack.catalog.errors import (
    CaseDuplicateError,
    NoPolicyFolderError,
    OutsideItsFolderError,
    UnknownModuleError,
)
from sepack.catalog.folder import classify, read_folder
from sepack.errors import DeclarationError, SepackError
from sepack.frozen import frozen
from sepack.workspace import POLICY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sepack.model.module import Module
    from sepack.workspace import Workspace

__all__ = ["ModuleProblem", "declared_at", "load_modules"]


@frozen
class ModuleProblem:
    """A module that cannot be built as it is declared; each error is one thing to mend."""

    name: str
    errors: tuple[SepackError, ...]


@frozen
class _Listing:
    """What lies in policy/: folders, policy files that lie there without one, and links that lead nowhere."""

    folders: tuple[str, ...]
    loose: tuple[tuple[str, str], ...]
    broken: tuple[tuple[str, SepackError], ...]

    @property
    def names(self) -> set[str]:
        return {*self.folders, *(name for name, _ in self.loose), *(name for name, _ in self.broken)}


def load_modules(workspace: Workspace, names: Sequence[str] = ()) -> tuple[list[Module], list[ModuleProblem]]:
    """Every module of `policy/`, or those in `names`, sorted by name; the broken ones apart, each with its errors.

    No source is read here, only folders and the module.toml of those that have one. Raises UnknownModuleError for a
    name that has no folder, NoPolicyFolderError or another DeclarationError when `policy/` itself is not to be read.
    """
    listing = _list_policy(workspace)
    wanted = _chosen(listing, names)
    problems: dict[str, list[SepackError]] = {}
    for name, error in _problems_of_listing(listing):
        if name in wanted:
            problems.setdefault(name, []).append(error)
    modules: list[Module] = []
    for name in sorted(wanted.intersection(listing.folders)):
        module, errors = read_folder(workspace, name)
        if errors:
            problems.setdefault(name, []).extend(errors)
        elif name not in problems:
            modules.append(module)
    return modules, [ModuleProblem(name=name, errors=tuple(problems[name])) for name in sorted(problems)]


def _chosen(listing: _Listing, names: Sequence[str]) -> set[str]:
    known = listing.names
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        raise UnknownModuleError(unknown, known)
    return set(names) or known


def _list_policy(workspace: Workspace) -> _Listing:
    folders: list[str] = []
    loose: list[tuple[str, str]] = []
    broken: list[tuple[str, SepackError]] = []
    for entry in _entries(workspace):
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        fault = _fault_of_link(workspace, entry.name) if entry.is_symlink() else None
        if fault:
            broken.append((entry.name, fault))
        elif entry.is_dir():
            folders.append(entry.name)
        elif (source := classify(entry.name)) is not None:
            loose.append((source.stem, entry.name))
    return _Listing(folders=tuple(folders), loose=tuple(sorted(loose)), broken=tuple(broken))


def _entries(workspace: Workspace) -> Iterable[os.DirEntry[str]]:
    if (workspace / POLICY).is_symlink():
        require_inside(workspace.root, POLICY)
    try:
        with os.scandir(workspace / POLICY) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoPolicyFolderError(workspace.root) from error
    except OSError as error:
        raise UnreadableError(POLICY, error) from error


def _fault_of_link(workspace: Workspace, name: str) -> SepackError | None:
    try:
        require_inside(workspace.root, POLICY / name)
    except DeclarationError as error:
        return error
    return None


def _problems_of_listing(listing: _Listing) -> Iterable[tuple[str, SepackError]]:
    """What can be said of a module before its folder is opened."""
    yield from listing.broken
    for name, file in listing.loose:
        yield name, OutsideItsFolderError(name, PurePosixPath(file), has_folder=name in listing.folders)
    same: dict[str, list[str]] = {}
    for name in listing.folders:
        same.setdefault(name.casefold(), []).append(name)
    for group in same.values():
        for name in group if len(group) > 1 else ():
            yield name, CaseDuplicateError(name, sorted(other for other in group if other != name))
