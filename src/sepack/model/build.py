"""What a build decides and what it reports, module by module, as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sepack.errors import SepackError
    from sepack.model.package import Manifest, PolicyPackage
    from sepack.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A decision: this module has to be built, and why."""

    module: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A decision: what is built is what would be built."""

    module: str
    manifest: Manifest


Decision = Build | Fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which toolchain builds for a target, and why; the first event of each target."""

    target: Target
    toolchain: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """All decisions for a target."""

    target: Target
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person should know and that is no failure. `module` is empty where it concerns the whole build."""

    module: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    module: str
    target: str
    package: PolicyPackage
    manifest: Manifest
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpToDate:
    """Nothing to do for this module."""

    module: str
    target: str
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Each reason is one thing to mend."""

    module: str
    target: str
    errors: tuple[SepackError, ...]


BuildEvent = Chosen | Planned | Notice | Built | UpToDate | Failed
