"""Finds a template by its name: in the repository's templates/ first, then among those that came with sepack."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sepack.authored import OutsideError, require_file
from sepack.workspace import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sepack.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFile:
    """A template on disk; `shown` is its path relative to the workspace, or the whole path of one of sepack's own."""

    path: Path
    shown: PurePosixPath


class NameRefusedError(ValueError):
    """A template asked for by something that is no template's name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' is no template's name: it begins below templates/ and has no . or .. in it")
        self.name = name


def find_template(workspace: Workspace, name: str) -> TemplateFile | None:
    """The file that `name` stands for; None where there is none.

    Raises NameRefusedError for an absolute name or one with `..`, OutsideError for a link that leaves the repository,
    and authored's other errors for what is no readable file.
    """
    if not _is_plain(name):
        raise NameRefusedError(name)
    for directory in directories(workspace):
        path = directory / name
        if not os.path.lexists(path):
            continue
        shown = shown_path(workspace, path)
        _require_inside(workspace, directory, path, shown)
        require_file(path, shown)
        return TemplateFile(path=path, shown=shown)
    return None


def directories(workspace: Workspace) -> tuple[Path, ...]:
    """Where templates are looked for, in order, each once: in sepack's own repository both are the same."""
    return tuple(dict.fromkeys(workspace.template_directories))


def template_names(workspace: Workspace) -> Iterator[str]:
    """Every name that would be found."""
    for directory in directories(workspace):
        for path in sorted(directory.rglob("*.j2")):
            yield path.relative_to(directory).as_posix()


def shown_path(workspace: Workspace, path: Path) -> PurePosixPath:
    """`path` as a person is told of it: relative to the workspace where it lies in there."""
    inside = path.is_relative_to(workspace.root)
    return PurePosixPath(path.relative_to(workspace.root) if inside else path)


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return "\\" not in name and "\0" not in name and all(part not in {"", ".", ".."} for part in parts)


def _require_inside(workspace: Workspace, directory: Path, path: Path, shown: PurePosixPath) -> None:
    """The repository's templates may be links to anywhere in it, sepack's own stay in their folder."""
    home = workspace.root if directory == workspace / TEMPLATES else directory
    destination = Path(os.path.realpath(path))
    if not destination.is_relative_to(os.path.realpath(home)):
        raise OutsideError(shown, destination, home)
