"""Puts a built module where people find it: file by file into place, the manifest last."""

from __future__ import annotations

import errno
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


def place(
    workspace: Workspace, parts: Parts, package: PolicyPackage, manifest: Manifest, fingerprints: Fingerprints
) -> PolicyPackage:
    """Move the files that the manifest names from scratch to the module's outputs; gives the package's new place.

    A rename is whole or not at all, and a manifest that does not fit its files means "build again": a kill between
    two renames costs one more build of this module, and two builds at once leave one of them whole. Raises OutputError.
    """
    source = f"{workspace.root}/{parts.directory}"
    outputs = workspace.outputs(manifest.target, manifest.name)
    destination = f"{workspace.root}/{outputs}"
    try:
        with open(f"{source}/{MANIFEST}", "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes its time
            file.write(manifest_to_json(manifest))
        placed = _place_whole(source, destination, manifest) or _place_each(source, destination, manifest)
    except OSError as error:
        raise OutputError(destination, error) from error
    for name, digest in manifest.outputs.items():
        fingerprints.learn(f"{outputs}/{name}", digest, placed[name])
    return replace(package, path=outputs / parts.package.name)


def _place_whole(source: str, destination: str, manifest: Manifest) -> dict[str, os.stat_result]:
    """One rename for a module of which nothing is there yet; nothing where there is something."""
    kept = {*manifest.outputs, MANIFEST}
    for name in os.listdir(source):  # noqa: PTH208 - as above
        if name not in kept:
            os.unlink(f"{source}/{name}")  # noqa: PTH108 - as above
    placed = {name: os.stat(f"{source}/{name}") for name in manifest.outputs}  # noqa: PTH116 - as above
    os.makedirs(os.path.dirname(destination), exist_ok=True)  # noqa: PTH103, PTH120 - as above
    try:
        os.rename(source, destination)  # noqa: PTH104 - as above
    except OSError:
        return {}
    return placed


def _place_each(source: str, destination: str, manifest: Manifest) -> dict[str, os.stat_result]:
    os.makedirs(destination, exist_ok=True)  # noqa: PTH103 - as above
    placed = {name: _move(f"{source}/{name}", f"{destination}/{name}") for name in (*manifest.outputs, MANIFEST)}
    for suffix in SUFFIXES:
        stale = f"{manifest.name}.{suffix}"
        if stale not in manifest.outputs:
            Path(destination, stale).unlink(missing_ok=True)
    return placed


def replace_manifest(workspace: Workspace, scratch: PurePosixPath, manifest: Manifest) -> None:
    """Put it in the place of the one that lies beside the module's outputs. Raises OutputError."""
    beside, place = workspace / scratch / f"{manifest.name}.json", workspace.manifest(manifest.target, manifest.name)
    try:
        beside.write_text(manifest_to_json(manifest), encoding="utf-8")
        beside.replace(place)
    except OSError as error:
        raise OutputError(Path(place), error) from error


def _move(source: str, destination: str) -> os.stat_result:
    """Rename, and give the status of the file itself, whatever another build has put in its place by now."""
    file = os.open(source, os.O_RDONLY)
    try:
        os.replace(source, destination)  # noqa: PTH105 - as above
        return os.fstat(file)
    finally:
        os.close(file)
