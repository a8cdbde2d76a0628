"""Reads one folder of `policy/`: which of its files are the module's, and what is wrong with the others."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from operator import attrgetter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from sepack.authored import NotAFileError, UnreadableError, require_file, require_inside
from sepack.catalog.declaration import Declaration, read_declaration
from sepack.catalog.errors import (
    InvalidNameError,
    NoSourceError,
    PlaceholderFileError,
    ReservedNameError,
    StemMismatchError,
    TwoSourcesError,
)
from sepack.errors import SepackError
from sepack.model.module import Module, SourceFile, SourceKind
from sepack.workspace import DECLARATION, LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sepack.model.ledger import Ledger
    from sepack.workspace import Workspace

# What checkmodule takes as a module's name: its own lexer's rule for an identifier.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
# Words of the policy language, which checkmodule refuses as a name, in lower and in upper case.
_RESERVED = frozenset(
    "alias allow allowxperm and attribute attribute_role auditallow auditallowxperm auditdeny bool category class "
    "clone common constrain default_range default_role default_type default_user devicetreecon dom domby "
    "dominance dontaudit dontauditxperm else eq expandattribute false fs_use_task fs_use_trans fs_use_xattr fscon "
    "genfscon glblub h1 h2 high ibendportcon ibpkeycon if incomp inherits iomemcon ioportcon l1 l2 level low "
    "mlsconstrain mlsvalidatetrans module netifcon neverallow neverallowxperm nodecon not optional or "
    "pcidevicecon permissive pirqcon policycap portcon r1 r2 r3 range_transition require role role_transition "
    "roleattribute roles sameuser sensitivity sid source t1 t2 t3 target true tunable type type_change "
    "type_member type_transition typealias typeattribute typebounds types u1 u2 u3 user validatetrans xor".split()
)
_NONE = Declaration()
_ORDER = tuple(SourceKind)
_KINDS = {kind.value: kind for kind in _ORDER}
_HEADER = re.compile(rb"^\s*(?:module\s+|policy_module\s*\(\s*`?)([\w.-]+)", re.MULTILINE)


class PolicyFile(NamedTuple):
    """A file's name, taken apart: `<stem>.<kind>`, then ".j2" for a template, ".in" for another build system's."""

    name: str
    stem: str
    kind: SourceKind
    ending: str


def classify(name: str) -> PolicyFile | None:
    """What a file of this name would be; None for one that is no policy source."""
    ending = name[-3:] if name.endswith((".j2", ".in")) else ""
    stem, _, suffix = name[: len(name) - len(ending)].rpartition(".")
    kind = _KINDS.get(suffix)
    return PolicyFile(name, stem, kind, ending) if kind and stem and not stem.startswith((".", "#")) else None


def read_folder(workspace: Workspace, name: str) -> tuple[Module, list[SepackError]]:
    """The module that `policy/<name>/` declares, and all that is wrong with it: it is good only if nothing is."""
    directory = workspace.module_directory(name)
    try:
        with os.scandir(f"{workspace.root}/{directory}") as found:
            entries = sorted(found, key=attrgetter("name"))
    except OSError as error:
        return Module(name=name, directory=directory), [UnreadableError(directory, error)]
    errors = list(_faults_of_name(name, directory))
    if not errors and (module := _ordinary(name, directory, entries)) is not None:
        return module, []
    declared = any(entry.name == DECLARATION for entry in entries)
    declaration = _declaration(workspace, name, directory / DECLARATION, errors) if declared else _NONE
    files = [file for entry in entries if (file := classify(entry.name)) is not None]
    own = _own_files(directory, files, errors)
    if len(files) > len(own):
        errors += _faults_of_others(workspace, directory, files, own)
    ledger = _ledger(workspace, name, errors) if any(entry.name == LEDGER for entry in entries) else None
    rules = declaration.template or any(file.kind is SourceKind.TE for file in files)
    if not rules and (ledger is None or not declared):
        errors.append(NoSourceError(name, directory, [entry.name for entry in entries]))
    used = {file.name for file in own.values()}
    errors += _faults_of_files(workspace, [entry for entry in entries if entry.name in used], directory)
    return replace(_module(name, directory, declaration, own, declared=declared), ledger=ledger), errors


def _ordinary(name: str, directory: PurePosixPath, entries: list[os.DirEntry[str]]) -> Module | None:
    """The module of a folder that holds its plain source files and nothing else, as nearly all do: a short way."""
    found: dict[SourceKind, str] = {}
    for entry in entries:
        stem, _, suffix = entry.name.rpartition(".")
        kind = _KINDS.get(suffix)
        if stem != name or kind is None or not entry.is_file(follow_symlinks=False) or not _readable(entry):
            return None
        found[kind] = f"{directory}/{entry.name}"
    if SourceKind.TE not in found:
        return None
    sources = [SourceFile(kind=kind, name=found[kind], templated=False) for kind in _ORDER if kind in found]
    return Module(name=name, directory=directory, sources=tuple(sources))


def _readable(entry: os.DirEntry[str]) -> bool:
    return os.geteuid() == 0 or os.access(entry.path, os.R_OK)


def is_module_name(name: str) -> bool:
    return not list(_faults_of_name(name, PurePosixPath(name)))


def _faults_of_name(name: str, directory: PurePosixPath) -> Iterator[SepackError]:
    if not _NAME.fullmatch(name):
        yield InvalidNameError(name, directory)
    elif name.casefold() in _RESERVED and name in {name.lower(), name.upper()}:
        yield ReservedNameError(name, directory)


def _declaration(workspace: Workspace, name: str, path: PurePosixPath, errors: list[SepackError]) -> Declaration:
    declaration, faults = read_declaration(workspace, name, path)
    errors += faults
    return declaration


def _ledger(workspace: Workspace, name: str, errors: list[SepackError]) -> Ledger:
    from sepack.catalog.ledger import load_ledger

    ledger, faults = load_ledger(workspace, name)
    errors += faults
    return ledger


def _own_files(
    directory: PurePosixPath, files: list[PolicyFile], errors: list[SepackError]
) -> dict[SourceKind, PolicyFile]:
    """The module's own sources, one a kind; two of a kind are an error."""
    own: dict[SourceKind, PolicyFile] = {}
    name = directory.name
    for file in files:
        if file.stem != name or file.ending == ".in":
            continue
        if file.kind in own:
            errors.append(TwoSourcesError(directory, own[file.kind].name, file.name))
        else:
            own[file.kind] = file
    return own


def _faults_of_others(
    workspace: Workspace, directory: PurePosixPath, files: list[PolicyFile], own: dict[SourceKind, PolicyFile]
) -> Iterator[SepackError]:
    """Policy files that nothing would be built from, which nobody left there on purpose."""
    strays: dict[str, list[PolicyFile]] = {}
    for file in files:
        if file.ending == ".in" and not any(_stands_for(other, file) for other in files):
            yield PlaceholderFileError(directory, file.name)
        elif file.ending != ".in" and file.stem != directory.name:
            strays.setdefault(file.stem, []).append(file)
    for group in strays.values():
        group.sort(key=lambda file: _ORDER.index(file.kind))
        yield StemMismatchError(
            directory,
            [file.name for file in group],
            header=_header_of(workspace, directory / group[0].name),
            own=[file.name for file in own.values()],
        )


def _stands_for(file: PolicyFile, placeholder: PolicyFile) -> bool:
    return file.ending != ".in" and (file.kind, file.stem) == (placeholder.kind, placeholder.stem)


def _header_of(workspace: Workspace, path: PurePosixPath) -> str:
    """The module's name as the file's own header gives it, or nothing: it tells which of two names is the right one."""
    try:
        require_inside(workspace.root, path)
        require_file(workspace / path, path)
        found = _HEADER.search((workspace / path).read_bytes())
    except (SepackError, OSError):
        return ""
    return found[1].decode(errors="replace") if found else ""


def _faults_of_files(
    workspace: Workspace, entries: list[os.DirEntry[str]], directory: PurePosixPath
) -> Iterator[SepackError]:
    for entry in entries:
        try:
            if entry.is_symlink():
                require_inside(workspace.root, directory / entry.name)
                require_file(entry.path, directory / entry.name)
            elif not entry.is_file(follow_symlinks=False):
                raise NotAFileError(directory / entry.name, entry.stat(follow_symlinks=False).st_mode)
            elif not _readable(entry):
                raise UnreadableError(directory / entry.name, PermissionError(13, "permission denied"))
        except SepackError as error:
            yield error


def _module(
    name: str,
    directory: PurePosixPath,
    declaration: Declaration,
    own: dict[SourceKind, PolicyFile],
    *,
    declared: bool,
) -> Module:
    sources = tuple(
        SourceFile(kind=kind, name=f"{directory}/{own[kind].name}", templated=own[kind].ending == ".j2")
        for kind in _ORDER
        if kind in own
    )
    return Module(
        name=name,
        directory=directory,
        declaration=directory / DECLARATION if declared else None,
        version=declaration.version,
        summary=declaration.summary,
        license=declaration.license,
        template=declaration.template,
        parameters=declaration.parameters,
        domains=declaration.domains,
        booleans=declaration.booleans,
        ports=declaration.ports,
        sources=sources,
    )
