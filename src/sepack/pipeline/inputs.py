"""What a module is made of, as digests under labels that a person can read."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sepack import __version__
from sepack.fingerprints import digest_of
from sepack.model.module import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sepack.fingerprints import Fingerprints
    from sepack.model.module import Module
    from sepack.model.target import Target
    from sepack.stages.compile.interfaces import InterfaceIndex
    from sepack.workspace import Workspace

NOT_THERE = "not there"
NOT_READABLE = "not readable"
INTERFACES = "interfaces of the release"
ALL_INTERFACES = "all interfaces"
OWN_INTERFACE = "interface "


class Inputs:
    """Reads the inputs of one target's modules; `asked_format` is what --module-format says."""

    def __init__(
        self, workspace: Workspace, fingerprints: Fingerprints, target: Target, asked_format: int | None
    ) -> None:
        self._workspace = workspace
        self._fingerprints = fingerprints
        self._common = {
            "sepack": __version__,
            "target": digest_of(json.dumps(asdict(target), sort_keys=True, default=str)),
            "module format": str(asked_format or "lowest"),
        }

    def common(self) -> tuple[str, ...]:
        """What all modules have in common."""
        return tuple(self._common.values())

    def of(self, module: Module, templates: Iterable[str]) -> dict[str, str]:
        """All inputs but the interfaces. `templates` are the names of those that its last build used."""
        found = {name: self._digest(name) for name in module.files}
        if module.ledger is not None:  # as it was read: an edit since then is the next build's
            found[module.ledger_file] = module.ledger.digest
        for name in sorted({*templates, *stand_ins(module)}):
            found[template_label(name)] = self._template(name)
        return {**found, **self._common}

    def is_as_read(self, module: Module) -> bool:
        """Whether the module's ledger is the one that was read: else how its file looks says nothing of its items."""
        return module.ledger is None or self._digest(module.ledger_file) == module.ledger.digest

    def templates(self) -> dict[str, str]:
        """All templates that any module could use, as they are now."""
        names = {
            str(path.relative_to(directory))
            for directory in self._workspace.template_directories
            for path in _files(directory)
        }
        return {template_label(name): self._template(name) for name in names}

    def interface_identity(self, modules: Sequence[Module]) -> str:
        """Stands for all interfaces that the repository's modules define, without rendering a single one."""
        parts: list[str] = []
        for module in modules:
            file = module.source(SourceKind.IF)
            if file is None and not module.template:
                continue
            parts.append(module.name)
            if file is not None:
                parts.append(self._digest(file.name))
            if file is None or file.templated:
                parts += [*self._all_templates(), *self._common.values()]
                parts.append(self._digest(module.declaration) if module.declaration else NOT_THERE)
        return digest_of(*parts)

    def _digest(self, path: object) -> str:
        """What cannot be read is said where the module is rendered, which it is: such a module is never fresh."""
        try:
            return self._fingerprints.of(str(path)) or NOT_THERE
        except OSError:
            return NOT_READABLE

    def _template(self, name: str) -> str:
        for directory in self._workspace.template_directories:
            digest = self._digest(directory / name)
            if digest != NOT_THERE:
                return digest
        return NOT_THERE

    def _all_templates(self) -> list[str]:
        return [f"{label} {digest}" for label, digest in sorted(self.templates().items())]


def _files(directory: Path) -> Iterable[Path]:
    return (path for path in directory.rglob("*.j2") if path.is_file()) if directory.is_dir() else ()


def template_label(name: str) -> str:
    return f"template {name}"


def stand_ins(module: Module) -> list[str]:
    """Names of the templates that render what the module's folder does not have."""
    if not module.template:
        return []
    return [f"{module.template}.{kind}.j2" for kind in SourceKind if module.source(kind) is None]


def interface_inputs(index: InterfaceIndex, words: Iterable[str], *, wide: bool) -> dict[str, str]:
    """The inputs that interfaces are: each of the repository's by name, the release's together.

    `wide` is for a module that turned out to need more than its words show: it depends on all there are.
    """
    if wide:
        return {ALL_INTERFACES: index.digest_of_all(index.names)}
    reached = index.reach(words)
    own = sorted(name for name in reached if name in index.own)
    found = {f"{OWN_INTERFACE}{name} of {index.own[name]}": index.digest(name) for name in own}
    return {INTERFACES: index.digest_of_all(reached.difference(own)), **found}


def interface_part(inputs: Mapping[str, str]) -> dict[str, str]:
    """Those of a manifest's inputs that interfaces are."""
    whole = (INTERFACES, ALL_INTERFACES)
    return {label: inputs[label] for label in inputs if label in whole or label.startswith(OWN_INTERFACE)}
