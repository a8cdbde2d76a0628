"""A built module: the policy package and the manifest that says what it was made of."""

from __future__ import annotations

from dataclasses import field
from pathlib import PurePosixPath  # noqa: TC003 - part of the public values
from typing import TYPE_CHECKING

from sepack.frozen import frozen
from sepack.model.module import Dialect  # noqa: TC001 - part of the public values

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class PolicyPackage:
    """A `.pp`: what its own bytes say, where it lies (workspace-relative) and the SHA-256 of it, in hexadecimal."""

    name: str
    version: str
    format: int
    mls: bool
    path: PurePosixPath
    digest: str
    size: int


@frozen
class Manifest:
    """manifest.json: what was built, of what, with what.

    `inputs` maps a label a person can read ("policy/wsgi/wsgi.te", "template base.te.j2", "headers", "parameters") to
    a digest; two builds with equal inputs are the same bytes. `outputs` maps the file's name to its SHA-256.
    `templates` are the names of the templates used; `interface_index` stands for all interfaces there were, the
    release's included, and those that were reached are among the inputs.
    """

    name: str
    version: str
    target: str
    format: int
    dialect: Dialect
    toolchain: str
    outputs: Mapping[str, str]
    inputs: Mapping[str, str]
    tools: Mapping[str, str]
    interface_index: str = ""
    templates: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
