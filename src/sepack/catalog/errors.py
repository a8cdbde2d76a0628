"""What can be wrong with `policy/`, a folder of it, and the names of the files in there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import DeclarationError, Location
from sepack.model.names import did_you_mean, folded
from sepack.workspace import DECLARATION, POLICY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path, PurePosixPath

_WHAT_A_MODULE_IS = "a module is a folder of policy/ with rules in <folder>.te, or a template of them in <folder>.te.j2"


class NoPolicyFolderError(DeclarationError):
    """Not in a policy repository, or in a new one."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"there is no such folder in {root}, so there is nothing to build",
            where=Location(path=POLICY),
            details=(_WHAT_A_MODULE_IS,),
            hint="Run this where policy/ is, or adopt a policy: mkdir -p policy/foo && cp foo.te policy/foo/",
        )


class UnknownModuleError(DeclarationError):
    """Asked for by a name that no folder has."""

    def __init__(self, names: Sequence[str], known: Iterable[str]) -> None:
        known = sorted(known)
        asked = ", ".join(repr(name) for name in names)
        near = " ".join(dict.fromkeys(filter(None, (did_you_mean(_last_part(name), known) for name in names))))
        super().__init__(
            f"there is no module {asked}" if len(names) == 1 else f"there are no modules {asked}",
            where=Location(path=POLICY),
            details=(f"policy/ has: {_listed(known)}",),
            hint=near or "A module's name is its folder's name in policy/.",
        )


class InvalidNameError(DeclarationError):
    """A folder's name that cannot be a module's."""

    def __init__(self, name: str, directory: PurePosixPath) -> None:
        super().__init__(
            f"'{name}' cannot be the name of a module",
            where=Location(path=directory),
            details=("a name begins with a letter and goes on with letters, digits, '_', '-' and single dots",),
            hint="Rename the folder, the files in it and the name in the module's header: all are the same name.",
        )


class ReservedNameError(DeclarationError):
    """A folder's name that means something to the policy compiler."""

    def __init__(self, name: str, directory: PurePosixPath) -> None:
        super().__init__(
            f"'{name}' is a word of the policy language, so the compiler takes no module of that name",
            where=Location(path=directory),
            hint=f"Give it another name, such as {name.lower()}_policy: the folder, the files in it and the header.",
        )


class CaseDuplicateError(DeclarationError):
    """Two folders whose names a person, a mailbox or another file system cannot tell apart."""

    def __init__(self, name: str, others: Sequence[str]) -> None:
        twins = " and ".join(str(POLICY / other) for other in others)
        super().__init__(
            f"module '{name}' is declared twice: {twins} differs from it in capital letters only",
            where=Location(path=POLICY / name),
            hint="Keep one and remove or rename the other; the usual spelling is in small letters.",
        )


class OutsideItsFolderError(DeclarationError):
    """A policy file directly in policy/."""

    def __init__(self, name: str, file: PurePosixPath, *, has_folder: bool) -> None:
        twice = f"module '{name}' is declared twice: by the folder policy/{name} and by {POLICY / file}"
        alone = "this file lies directly in policy/, where every module has a folder of its own"
        super().__init__(
            twice if has_folder else alone,
            where=Location(path=POLICY / file),
            hint=f"If policy/{name} is the right one: git rm policy/{file}"
            if has_folder
            else f"mkdir -p policy/{name} && git mv policy/{file} policy/{name}/",
        )


class NoSourceError(DeclarationError):
    """A folder that declares nothing."""

    def __init__(self, name: str, directory: PurePosixPath, entries: Sequence[str]) -> None:
        left_over = all(entry.startswith(".") or entry == "__pycache__" for entry in entries)
        there = f"it holds: {_listed(entries)}" if entries else "it is empty"
        super().__init__(
            f"there is no policy in this folder: neither {name}.te nor {name}.te.j2, and no template is named",
            where=Location(path=directory),
            details=(there, _WHAT_A_MODULE_IS),
            hint=f"If it is left over from another branch, remove it: rm -r {directory}"
            if left_over
            else f"Put the rules into {directory}/{name}.te, or name a template in {directory}/{DECLARATION}.",
        )


class StemMismatchError(DeclarationError):
    """Policy files of one stem that is not their folder's name.

    `header` is the module's name as the `.te` among them gives it, or ""; `own` are the folder's rightly named files.
    """

    def __init__(self, directory: PurePosixPath, files: Sequence[str], *, header: str, own: Sequence[str]) -> None:
        stem, _ = _split(files[0])
        wanted = [f"{directory.name}.{_split(file)[1]}" for file in files]
        says = (f"the header in {files[0]} says '{header}'",) if header else ()
        are, they = ("is", "it has") if len(files) == 1 else ("are", "they have")
        super().__init__(
            f"{_listed(files)} {are} not named after the folder '{directory.name}': {they} to be {_listed(wanted)}",
            where=Location(path=directory / files[0]),
            details=(*says, "folder, files and header bear the module's one name, and a folder is one module"),
            hint=_way_out(directory, files, stem, header, own),
        )


def _way_out(directory: PurePosixPath, files: Sequence[str], stem: str, header: str, own: Sequence[str]) -> str:
    """Renames the folder, the files, or gives the files another folder: whichever the names speak for."""
    other = directory.parent / stem
    rename_folder = f"git mv {directory} {other}"
    pairs = [(file, f"{directory.name}.{_split(file)[1]}") for file in files]
    rename_files = " && ".join(f"git mv {directory / file} {directory / wanted}" for file, wanted in pairs)
    move = f"mkdir -p {other} && git mv {' '.join(str(directory / file) for file in files)} {other}/"
    if any(wanted in own for _, wanted in pairs):
        return f"Give another module its own folder: {move} (or remove what is not needed)"
    if own:
        return f"If this is a part of '{directory.name}': {rename_files}; or else: {move}"
    if header == stem:
        return f"Rename the folder, as the header bears the files' name: {rename_folder}"
    if header == directory.name:
        return f"Rename what does not bear the header's name: {rename_files}"
    return f"Rename the files: {rename_files}; or the folder: {rename_folder}"


class TwoSourcesError(DeclarationError):
    """Plain and template side by side."""

    def __init__(self, directory: PurePosixPath, one: str, other: str) -> None:
        super().__init__(
            f"the folder has both {one} and {other}, and only one of them can be the source",
            where=Location(path=directory / other),
            details=("a .j2 file is a template that is filled in; the other is taken as it is",),
            hint=f"Keep the one you edit and remove the other: git rm {directory / one}, or git rm {directory / other}",
        )


class PlaceholderFileError(DeclarationError):
    """Another build system's template."""

    def __init__(self, directory: PurePosixPath, file: str) -> None:
        j2 = file.removesuffix(".in") + ".j2"
        super().__init__(
            "this is a template of another build system, whose placeholders nothing fills in here",
            where=Location(path=directory / file),
            details=("such files hold @@VERSION@@ or @VERSION@ where the real text belongs",),
            hint=f"git mv {directory / file} {directory / j2}, then write {{{{ module.version }}}} for the version "
            f"and {{{{ module.parameters.x }}}} for the rest, and give both in {directory / DECLARATION}.",
        )


def _last_part(name: str) -> str:
    """The folder's name in what a shell's completion makes of it (policy/wsgi/)."""
    return folded(name).rstrip("/").rpartition("/")[2]


def _listed(names: Sequence[str], limit: int = 12) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return (", ".join(names[:limit]) or "nothing yet") + more


def _split(file: str) -> tuple[str, str]:
    """'a.b.te.j2' → 'a.b' and 'te.j2'."""
    ending = ".j2" if file.endswith(".j2") else ""
    stem, _, suffix = file.removesuffix(ending).rpartition(".")
    return stem, suffix + ending
