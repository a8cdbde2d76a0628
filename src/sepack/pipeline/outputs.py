"""Puts a built module where people find it: file by file into place, the manifest last."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.errors import SepackError
from sepack.formats.manifest import manifest_from_json, manifest_to_json
from sepack.workspace import MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    from sepack.fingerprints import Fingerprints
    from sepack.model.package import Manifest, PolicyPackage
    from sepack.stages.compile.assemble import Parts
    from sepack.workspace import Workspace

SUFFIXES = ("te", "fc", "if", "mod", "pp")


class OutputError(SepackError):
    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be written: {error.strerror}",
            hint="what was built before is untouched; make room (df, quota) or mend the permissions, then build again",
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
        for name in (*manifest.outputs, MANIFEST):
            (source / name).replace(destination / name)
    except OSError as error:
        raise OutputError(destination, error) from error
    for suffix in SUFFIXES:
        stale = f"{manifest.name}.{suffix}"
        if stale not in manifest.outputs:
            (destination / stale).unlink(missing_ok=True)
    for name, digest in manifest.outputs.items():
        fingerprints.learn(workspace.output(manifest.target, manifest.name, name), digest)
    return replace(package, path=workspace.output(manifest.target, manifest.name, parts.package.name))
