"""Gets headers and interfaces ready through a toolchain, and keeps what it learned in the cache."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.errors import ToolMissingError
from sepack.fingerprints import digest_of
from sepack.formats.line_marks import ENCODING
from sepack.model.command import Command
from sepack.stages.compile import headers as header_files
from sepack.stages.compile.errors import CompileError, ToolFailedError
from sepack.stages.compile.expand import first_pass_driver, split_first_pass
from sepack.stages.compile.expander import Headers
from sepack.stages.compile.given_text import Text
from sepack.stages.compile.headers import HeaderState
from sepack.stages.compile.identity import headers_identity, index_identity
from sepack.stages.compile.interfaces import (
    InterfaceFile,
    InterfaceIndex,
    cut_definitions,
    index_from_bytes,
    index_interfaces,
    index_to_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from sepack.model.target import Target
    from sepack.model.toolchain import Toolchain
    from sepack.workspace import Workspace

INDICES_KEPT = 4


class NoHeadersError(ToolMissingError):
    def __init__(self, where: str) -> None:
        super().__init__(
            f"there are no policy headers in {header_files.HEADERS} ({where})",
            hint="install selinux-policy-devel (EL, Fedora) or selinux-policy-dev (Debian), or build in the container",
        )


@dataclass(frozen=True, slots=True)
class Preparation:
    """Runs what is needed once for each state of the headers, and once for each state of the repository's .if files.

    `signature` stands for the state of the headers and of m4 in the toolchain; `scratch` is a private directory.
    """

    toolchain: Toolchain
    workspace: Workspace
    scratch: PurePosixPath
    target: Target
    signature: str

    @property
    def digest(self) -> str:
        return headers_identity(self.signature, self.target)

    def headers(self, own: Sequence[InterfaceFile], identity: str) -> tuple[Headers, dict[str, list[CompileError]]]:
        """Headers with an index of the release's interfaces and of `own`'s; and what is wrong with own .if files.

        `identity` stands for the state of the repository's interfaces. Raises NoHeadersError, ToolFailedError.
        """
        state = HeaderState(directory=self.workspace.headers(self.digest))
        if not (self.workspace / state.directory).is_dir():
            self._prepare(state)
        path = state.directory / f"index-{digest_of(identity)[:16]}.txt"
        index = self._load(path)
        faults: dict[str, list[CompileError]] = {}
        if index is None:
            definitions, twice, faults = self._first_pass(state, own)
            release = cut_definitions(self._read(state.definitions))
            index = index_interfaces(
                release,
                definitions,
                support=self._support(state),
                identity=index_identity(self.digest, identity),
                notices=twice,
            )
            if not faults:
                self._save(path, index)
        files = {file.module: file for file in own}
        unread = tuple(f"{fault}" for found in faults.values() for fault in found)
        headers = Headers(state=state, index=index, preamble=self._read(state.preamble), own_files=files, unread=unread)
        return headers, faults

    def _prepare(self, state: HeaderState) -> None:
        chains = [(header_files.list_headers(),), *((command,) for command in header_files.read_makefiles())]
        outputs = self._run(chains)
        files = header_files.read_list(outputs[0])
        if not files.support or not files.interfaces:
            raise NoHeadersError(self.toolchain.name)
        parameters = header_files.m4_parameters(
            outputs[1], outputs[2], policy_type=self.target.policy_type, mls=self.target.mls
        )
        beside = HeaderState(directory=self.scratch / ".headers")
        (self.workspace / beside.directory).mkdir()
        self._write(beside.hardening, header_files.HARDENING)
        self._run(header_files.prepare(beside, files, parameters))
        place = self.workspace / state.directory
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            (self.workspace / beside.directory).rename(place)
        except OSError:
            if not place.is_dir():  # otherwise another build was faster and wrote the same
                raise

    def _run(self, chains: Sequence[Sequence[Command]]) -> list[str]:
        outputs = [""] * len(chains)
        for outcome in self.toolchain.run(chains):
            last = outcome.last
            if last.command.argv[0] in ("find", "cat") and not outcome.ok:
                raise NoHeadersError(self.toolchain.name)
            if not outcome.ok:
                raise ToolFailedError(str(last.command), last.exit_code, last.stderr.decode("utf-8", "replace"))
            outputs[outcome.index] = last.stdout.decode(**ENCODING)
        return outputs

    def _first_pass(
        self, state: HeaderState, own: Sequence[InterfaceFile]
    ) -> tuple[dict[str, tuple[str, str]], list[str], dict[str, list[CompileError]]]:
        """The repository's definitions by name with their module, what is defined twice, and what m4 refuses."""
        files = {file.module: file for file in own}
        outputs, faults = self._together(state, files), dict[str, list[CompileError]]()
        if outputs is None:
            outputs, faults = self._one_by_one(state, files)
        definitions: dict[str, tuple[str, str]] = {}
        twice: list[str] = []
        for module, output in outputs.items():
            for name, text in cut_definitions(output).items():
                if name in definitions:
                    other = definitions[name][0]
                    twice.append(f"policy/{other} and policy/{module} both define {name}(): that of {module} counts")
                definitions[name] = (module, text)
        return definitions, twice, faults

    def _together(self, state: HeaderState, files: Mapping[str, InterfaceFile]) -> dict[str, str] | None:
        if not files:
            return {}
        mark = f"@@{int(digest_of(*files)[:16], 16)}:"
        paths = {name: self.scratch / f"{name}.if" for name in files}
        for name, path in paths.items():
            self._write(path, files[name].text)
        driver, output = self.scratch / ".interfaces.m4", self.scratch / ".interfaces.out"
        self._write(driver, first_pass_driver(paths, mark))
        command = Command(argv=("m4", "-R", str(state.first), str(driver)), stdout=output)
        (outcome,) = self.toolchain.run([(command,)])
        return split_first_pass(list(files), self._read(output), mark) if outcome.ok else None

    def _one_by_one(
        self, state: HeaderState, files: Mapping[str, InterfaceFile]
    ) -> tuple[dict[str, str], dict[str, list[CompileError]]]:
        names = list(files)
        chains = [(Command(argv=("m4", "-R", str(state.first), str(self.scratch / f"{name}.if"))),) for name in names]
        outputs: dict[str, str] = {}
        faults: dict[str, list[CompileError]] = {}
        for outcome in self.toolchain.run(chains):
            name = names[outcome.index]
            if outcome.ok:
                outputs[name] = outcome.last.stdout.decode(**ENCODING)
                continue
            from sepack.stages.compile.diagnose import explain

            text = Text(text="", marked=False, locate=files[name].locate)
            faults[name] = explain(outcome.last, text)
        return outputs, faults

    def _support(self, state: HeaderState) -> str:
        files = (state.support, state.preamble)
        return digest_of(*((self.workspace / path).read_bytes() for path in files))

    def _load(self, path: PurePosixPath) -> InterfaceIndex | None:
        """Mapped, not read: of five megabytes a module needs a hundredth. The file is never written again in place."""
        try:
            with (self.workspace / path).open("rb") as file:
                return index_from_bytes(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError):
            return None

    def _save(self, path: PurePosixPath, index: InterfaceIndex) -> None:
        """Beside, then into place; only the newest few are kept, for a repository whose .if files change often."""
        place = self.workspace / path
        beside = place.with_suffix(f".{os.getpid()}")
        try:
            beside.write_bytes(index_to_bytes(index))
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
        for old in newest_first(place.parent, "index-*.txt")[INDICES_KEPT:]:
            old.unlink(missing_ok=True)

    def _read(self, path: PurePosixPath) -> str:
        return (self.workspace / path).read_bytes().decode(**ENCODING)

    def _write(self, path: PurePosixPath, text: str) -> None:
        (self.workspace / path).write_text(text, newline="", **ENCODING)


def newest_first(directory: Path, pattern: str) -> list[Path]:
    return sorted(directory.glob(pattern), key=lambda path: path.stat().st_mtime_ns, reverse=True)
