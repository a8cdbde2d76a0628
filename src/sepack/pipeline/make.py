"""Builds the modules that a plan says to build, and puts each in its place as it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.build import BuildEvent, Built, Failed, Notice
from sepack.model.module import Dialect
from sepack.model.package import Manifest
from sepack.pipeline.inputs import interface_inputs
from sepack.pipeline.outputs import OutputError, place
from sepack.pipeline.rendering import rendered
from sepack.stages.compile.candidate import Candidate
from sepack.stages.compile.compiler import Compiled, Compiler
from sepack.stages.compile.errors import ForeignHeadersError
from sepack.stages.compile.formats import choose_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import PurePosixPath

    from sepack.errors import SepackError
    from sepack.fingerprints import Fingerprints
    from sepack.model.module import Module
    from sepack.pipeline.inputs import Inputs
    from sepack.pipeline.interfaces import Interfaces
    from sepack.pipeline.session import Session


class Maker:
    """Holds what all modules of one target's build share."""

    def __init__(
        self,
        session: Session,
        inputs: Inputs,
        interfaces: Interfaces,
        fingerprints: Fingerprints,
        scratch: PurePosixPath,
    ) -> None:
        self._session = session
        self._inputs = inputs
        self._interfaces = interfaces
        self._fingerprints = fingerprints
        self._scratch = scratch
        self._before: dict[str, dict[str, str]] = {}
        self._templates_before = inputs.templates()

    def make(self, modules: Sequence[Module], reasons: Mapping[str, str]) -> Iterator[BuildEvent]:
        """Built or Failed for each of `modules`; `reasons` gives each one's reason for being built."""
        candidates: list[Candidate] = []
        for module in modules:
            self._before[module.name] = self._inputs.of(module, ())
            result = rendered(module, self._session.target, self._session.workspace)
            fault = self._foreign(result) if isinstance(result, Candidate) else result
            if isinstance(result, Candidate) and not fault:
                candidates.append(result)
            else:
                yield self._failed(module.name, fault)
        if not candidates:
            return
        for candidate in candidates:
            yield from (Notice(module=candidate.name, text=note) for note in candidate.sources.notes)
        needs_headers = any(item.dialect is Dialect.REFPOLICY for item in candidates)
        compiler = self._compiler(needs_headers=needs_headers)
        if needs_headers:
            yield from (Notice(module="", text=text) for text in self._interfaces.headers().index.notices)
        sound = []
        for candidate in candidates:
            faults = self._interfaces.faults(candidate.name)
            if faults and candidate.dialect is Dialect.REFPOLICY:
                yield self._failed(candidate.name, faults)
                continue
            # A plain module is whole without its .if, which nobody reads unless others call it.
            yield from (Notice(module=candidate.name, text=str(fault)) for fault in faults)
            sound.append(candidate)
        for compiled in compiler.compile(sound):
            if isinstance(compiled, Compiled):
                yield from self._place(compiled, reasons[compiled.candidate.name])
            else:
                yield self._failed(compiled.candidate.name, compiled.errors)
        if compiler.unchecked_expressions:
            yield Notice(module="", text=compiler.unchecked_expressions)

    def _foreign(self, candidate: Candidate) -> Sequence[SepackError]:
        """A module that calls interfaces needs its own release's headers."""
        foreign = self._session.foreign_headers
        if candidate.dialect is Dialect.PLAIN or not foreign:
            return ()
        target = self._session.target
        has_image = bool(target.base_image)
        return (ForeignHeadersError(candidate.name, target.title, foreign, candidate.macro, has_image=has_image),)

    def _compiler(self, *, needs_headers: bool) -> Compiler:
        session = self._session
        tools = session.ready(headers=needs_headers)
        formats = choose_format(
            session.target,
            tools.checkmodule_formats,
            option=tools.has_format_option,
            asked=session.settings.module_format,
        )
        return Compiler(
            toolchain=session.toolchain,
            root=session.workspace.root,
            scratch=self._scratch,
            mls=session.target.mls,
            formats=formats,
            headers=self._interfaces.headers() if needs_headers else None,
            jobs=session.jobs,
        )

    def _failed(self, name: str, errors: Sequence[SepackError]) -> Failed:
        return Failed(module=name, target=self._session.target.name, errors=tuple(errors))

    def _place(self, compiled: Compiled, reason: str) -> Iterator[BuildEvent]:
        workspace, target = self._session.workspace, self._session.target.name
        manifest = self._manifest(compiled)
        try:
            package = place(workspace, compiled.parts, compiled.package, manifest, self._fingerprints)
        except OutputError as error:
            yield self._failed(manifest.name, [error])
            return
        yield from (Notice(module=manifest.name, text=text) for text in compiled.warnings)
        yield Built(module=manifest.name, target=target, package=package, manifest=manifest, reason=reason)

    def _manifest(self, compiled: Compiled) -> Manifest:
        candidate = compiled.candidate
        templates = {name for text in candidate.sources.texts for name in text.templates}
        # A file that was edited while it was being built must look changed to the next build: its older digest stays.
        inputs = self._inputs.of(candidate.sources.module, templates)
        inputs |= {label: digest for label, digest in self._templates_before.items() if label in inputs}
        inputs |= self._before[candidate.name]
        identity = ""
        if candidate.dialect is Dialect.REFPOLICY:
            index = self._interfaces.headers().index
            inputs |= interface_inputs(index, candidate.words, wide=compiled.wide)
            identity = index.identity
        return Manifest(
            name=candidate.name,
            version=compiled.package.version,
            target=self._session.target.name,
            format=compiled.package.format,
            dialect=candidate.dialect,
            toolchain=self._session.toolchain.identity,
            outputs=compiled.outputs,
            inputs=inputs,
            tools=self._session.versions(),
            interface_index=identity,
            templates=tuple(sorted(templates)),
            warnings=compiled.warnings,
        )
