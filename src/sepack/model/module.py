"""What `policy/<name>/` declares."""

from __future__ import annotations

import enum
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sepack.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sepack.model.fix import PortLabel
    from sepack.model.ledger import Ledger


class Dialect(enum.StrEnum):
    """PLAIN is what checkmodule reads as it stands; REFPOLICY needs m4 and the target's headers first."""

    PLAIN = "plain"
    REFPOLICY = "refpolicy"


class SourceKind(enum.StrEnum):
    TE = "te"
    FC = "fc"
    IF = "if"


@frozen
class SourceFile:
    """A file of the author's: `name` is its path relative to the workspace; templated means it ends in .j2."""

    kind: SourceKind
    name: str
    templated: bool

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name)


@frozen
class Module:
    """One folder of policy/: the declaration (all defaults where there is no module.toml) and the files beside it.

    `version` is None where module.toml does not give one: then the `.te` header is its home. `template` names the
    family in templates/ that stands in for source files the folder does not have (`daemon` → daemon.te.j2 …).
    `domains` says which denials are the module's: "types" (of processes), "executables", "paths" (and what is below).
    `booleans` are the states and `ports` the labels that the module needs on its host; no .pp can hold them.
    `ledger` is None where the folder has no ledger.toml.
    """

    name: str
    directory: PurePosixPath
    declaration: PurePosixPath | None = None
    version: str | None = None
    summary: str = ""
    license: str = ""
    template: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    booleans: Mapping[str, bool] = field(default_factory=dict)
    ports: tuple[PortLabel, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    ledger: Ledger | None = None

    @property
    def files(self) -> list[str]:
        """The author's own files, relative to the workspace: sources, module.toml, ledger.toml."""
        own = [file.name for file in self.sources]
        own += [str(self.declaration)] if self.declaration is not None else []
        return own if self.ledger is None else [*own, self.ledger_file]

    @property
    def ledger_file(self) -> str:
        return f"{self.directory}/ledger.toml"

    def source(self, kind: SourceKind) -> SourceFile | None:
        return next((file for file in self.sources if file.kind is kind), None)
