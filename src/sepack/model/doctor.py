"""What `doctor` found: the tools, the engine, and what would build for each target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sepack.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is there or not.

    `version` is empty where it has none or is missing, `detail` is for a person (where it is, why it is not there),
    `package` brings it on this host, and `serves` says what it is needed for.
    """

    name: str
    found: bool
    version: str = ""
    detail: str = ""
    package: str = ""
    serves: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetReport:
    """What would build for a target, and why.

    `toolchain` is "local" or "container", and empty where nothing can; then `reason` says why not and `hint` what to
    do. `plain_only` says why refpolicy modules cannot be built for it here, and is empty where they can. `lacking` are
    the tools that this host would need first, those for refpolicy modules included.
    """

    target: Target
    toolchain: str
    reason: str
    plain_only: str = ""
    lacking: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport:
    """`install` is the command that brings what is missing on this host, empty where nothing is or none is known."""

    checks: tuple[Check, ...]
    engine: Check
    targets: tuple[TargetReport, ...]
    install: str

    @property
    def ready(self) -> bool:
        """Whether every configured target can be built for as things are, as far as anything can be for it."""
        return all(report.toolchain and not report.lacking for report in self.targets)
