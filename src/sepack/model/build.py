"""What a build decides and what it reports, module by module, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.frozen import frozen

if TYPE_CHECKING:
    from sepack.errors import SepackError
    from sepack.model.package import Manifest, PolicyPackage
    from sepack.model.target import Target


@frozen
class Build:
    """A decision: this module has to be built, and why."""

    module: str
    reason: str


@frozen
class Fresh:
    """A decision: what is built is what would be built.

    `manifest` is None where the files themselves showed it, and nobody had to read it.
    """

    module: str
    manifest: Manifest | None = None


Decision = Build | Fresh


@frozen
class Chosen:
    """Which toolchain builds for a target, and why; the first event of each target."""

    target: Target
    toolchain: str
    reason: str


@frozen
class Planned:
    """All decisions for a target."""

    target: Target
    decisions: tuple[Decision, ...]


@frozen
class Notice:
    """Something a person should know and that is no failure. `module` is empty where it concerns the whole build."""

    module: str
    text: str


@frozen
class Built:
    module: str
    target: str
    package: PolicyPackage
    manifest: Manifest
    reason: str


@frozen
class UpToDate:
    """Nothing to do for this module."""

    module: str
    target: str


@frozen
class Failed:
    """Each reason is one thing to mend."""

    module: str
    target: str
    errors: tuple[SepackError, ...]


BuildEvent = Chosen | Planned | Notice | Built | UpToDate | Failed
