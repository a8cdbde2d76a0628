"""All interfaces that a target's modules may call, made ready (and their makers imported) only when somebody asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.errors import SepackError
from sepack.model.module import Dialect, SourceKind
from sepack.pipeline.inputs import ALL_INTERFACES, interface_inputs, interface_part
from sepack.stages.compile.identity import headers_identity, index_identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from sepack.model.module import Module
    from sepack.model.package import Manifest
    from sepack.model.target import Target
    from sepack.pipeline.inputs import Inputs
    from sepack.pipeline.session import Session
    from sepack.stages.compile.errors import CompileError
    from sepack.stages.compile.expander import Headers
    from sepack.stages.compile.interfaces import InterfaceFile
    from sepack.stages.compile.prepare import Preparation


class Interfaces:
    """The release's headers and the .if files of `modules`, which are all of the repository's."""

    def __init__(self, session: Session, inputs: Inputs, modules: Sequence[Module], scratch: PurePosixPath) -> None:
        self._session = session
        self._modules = modules
        self._scratch = scratch
        self._inputs = inputs
        self._own_identity = inputs.interface_identity(modules)
        self._edited = False
        self._identity: tuple[tuple[str, str, Target], str] | None = None
        self._headers: Headers | None = None
        self._faults: dict[str, list[CompileError]] = {}
        self._unread: list[str] = []

    def inputs_of(self, name: str, prior: Manifest) -> dict[str, str]:
        """The interface inputs that a build of the module would have now, if its text is what `prior` was built from.

        Nothing is expanded or run as long as no .if file and no header has changed since.
        """
        if prior.dialect is Dialect.PLAIN:
            return {}
        signature = self._session.header_signature()
        if signature is None or self._index_identity(signature) == prior.interface_index:
            return interface_part(prior.inputs)
        from sepack.formats.policy_text import WORD

        workspace, target = self._session.workspace, self._session.target.name
        try:
            text = (workspace / workspace.output(target, name, f"{name}.te")).read_bytes()
        except OSError:
            return {}
        words = set(WORD.findall(text.decode("utf-8", "surrogateescape")))
        return interface_inputs(self.headers().index, words, wide=ALL_INTERFACES in prior.inputs)

    def identity(self) -> str:
        """Stands for all interfaces that modules were held against; empty where nothing does.

        That is where there are no headers, or nobody looked yet, or the files were edited in between.
        """
        signature = self._session.header_signature()
        return "" if signature is None or self._edited else self._index_identity(signature)

    def _index_identity(self, signature: str) -> str:
        """Asked for once a module, and hardly ever another one."""
        key = (signature, self._own_identity, self._session.target)
        if self._identity is None or self._identity[0] != key:
            identity = index_identity(headers_identity(signature, self._session.target), self._own_identity)
            self._identity = key, identity
        return self._identity[1]

    def headers(self) -> Headers:
        """Raises NoHeadersError, ToolMissingError, ToolFailedError."""
        if self._headers is None:
            self._session.ready(headers=True)
            signature = self._session.header_signature() or ""
            files, identity = self._settled_files()
            headers, self._faults = self._preparation(signature).headers(files, identity)
            self._headers = replace(headers, unread=(*headers.unread, *self._unread))
        return self._headers

    def _settled_files(self) -> tuple[list[InterfaceFile], str]:
        """The .if files and what stands for their state, which an index of them is kept under: for theirs, no other."""
        before = self._own_identity
        while True:
            files = self._files()
            identity = self._inputs.interface_identity(self._modules)
            if identity == before:
                return files, identity
            before, self._edited = identity, True

    def faults(self, name: str) -> list[CompileError]:
        """What is wrong with the module's own .if; known once `headers` has been called."""
        return self._faults.get(name, [])

    def _preparation(self, signature: str) -> Preparation:
        from sepack.stages.compile.prepare import Preparation

        session = self._session
        return Preparation(session.toolchain, session.workspace, self._scratch, session.target, signature)

    def _files(self) -> list[InterfaceFile]:
        from sepack.pipeline.rendering import locator
        from sepack.stages.compile.interfaces import InterfaceFile
        from sepack.stages.render import render

        self._unread = []
        files = []
        for module in self._modules:
            if module.source(SourceKind.IF) is None and not module.template:
                continue
            try:
                sources = render(module, self._session.target, self._session.workspace)
            except SepackError as error:
                self._unread.append(str(error))  # for whoever misses its interfaces; the module itself fails by it
                continue
            text = sources.get(SourceKind.IF)
            if text is not None:
                locate = locator(sources, self._session.target, self._session.workspace)
                files.append(InterfaceFile(module=module.name, text=text.text, locate=locate))
        return files
