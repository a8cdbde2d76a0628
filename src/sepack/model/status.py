"""What there is of a module, for one target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleStatus:
    """`version` is the source's ("" where its text is broken); `built` and `format` are of what lies in build/.

    `built` is "" and `format` 0 where nothing does. `stale` says why a build would build it again, "" where it would
    not. `path` is the package's, relative to the workspace.
    """

    module: str
    target: str
    version: str
    built: str
    format: int
    stale: str
    path: str
