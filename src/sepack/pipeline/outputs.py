"""Puts a built module where people find it: file by file into place, the manifest last."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sepack.errors import SepackError
from sepack.formats.manifest import manifest_from_json, manifest_to_json
from sepack.workspace import BUILD, MANIFEST

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from sepack.fingerprints import Fingerprints
    from sepack.model.package import Manifest, PolicyPackage
    from sepack.stages.compile.assemble import Parts
    from sepack.workspace import Workspace

SUFFIXES = ("te", "fc", "if", "mod", "pp")
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class OutputError(SepackError):
    """The system refused something below build/, for a reason that has nothing to do with any module."""

    def __init__(self, path: Path | str, error: OSError) -> None:
        if error.errno in FULL:
            brief, remedy = "there is no room for it", f"make room (df -h {BUILD}; df -i {BUILD}; quota)"
        elif error.errno in FORBIDDEN:
            brief, remedy = "this user may not write there", f"mend who may write (ls -ld {BUILD} {BUILD}/.cache)"
        else:
            brief, remedy = "the system refuses it", "mend that"
        super().__init__(
            f"{path} cannot be written: {brief}",
            details=(error.strerror or str(error),),
            hint=f"What was built before is untouched: {remedy}, then build again.",
        )


def read_manifest(workspace: Workspace, target: str, module: str) -> Manifest | None:
    """None where there is none, or none that this version understands."""
    try:
        with open(workspace.manifest(target, module), "rb") as file:  # noqa: PTH123 - once a module in every build
            return manifest_from_json(file.read())
    except OSError:
        return None


def digests_in(directory: Path, name: str) -> dict[str, str]:
    """SHA-256 of each file a build of `name` left in `directory`, by file name."""
    found = {}
    for suffix in SUFFIXES:
        path = directory / f"{name}.{suffix}"
        if path.is_file():
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def place(
    workspace: Workspace, parts: Parts, package: PolicyPackage, manifest: Manifest, fingerprints: Fingerprints
) -> PolicyPackage:
    """Move the files that the manifest names from scratch to the module's outputs; gives the package's new place.

    A rename is whole or not at all, and a manifest that does not fit its files means "build again": a kill between
    two renames costs one more build of this module, and two builds at once leave one of them whole. Raises OutputError.
    """
    source = workspace / parts.directory
    destination = workspace / workspace.outputs(manifest.target, manifest.name)
    try:
        (source / MANIFEST).write_text(manifest_to_json(manifest), encoding="utf-8")
        destination.mkdir(parents=True, exist_ok=True)
        placed = {name: _move(source / name, destination / name) for name in (*manifest.outputs, MANIFEST)}
        for suffix in SUFFIXES:
            stale = f"{manifest.name}.{suffix}"
            if stale not in manifest.outputs:
                (destination / stale).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(destination, error) from error
    for name, digest in manifest.outputs.items():
        fingerprints.learn(workspace.output(manifest.target, manifest.name, name), digest, placed[name])
    return replace(package, path=workspace.output(manifest.target, manifest.name, parts.package.name))


def replace_manifest(workspace: Workspace, scratch: PurePosixPath, manifest: Manifest) -> None:
    """Put it in the place of the one that lies beside the module's outputs. Raises OutputError."""
    beside, place = workspace / scratch / f"{manifest.name}.json", workspace.manifest(manifest.target, manifest.name)
    try:
        beside.write_text(manifest_to_json(manifest), encoding="utf-8")
        beside.replace(place)
    except OSError as error:
        raise OutputError(Path(place), error) from error


def _move(source: Path, destination: Path) -> os.stat_result:
    """Rename, and give the status of the file itself, whatever another build has put in its place by now."""
    with source.open("rb") as file:
        source.replace(destination)
        return os.fstat(file.fileno())
