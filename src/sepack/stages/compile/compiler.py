"""Compiles many candidates through one toolchain: fast together first, then one by one where that did not do."""

from __future__ import annotations

from dataclasses import field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from sepack.formats.file_contexts import read_file_contexts
from sepack.formats.line_marks import ENCODING
from sepack.frozen import frozen
from sepack.model.module import Dialect, SourceKind
from sepack.stages.compile import assemble, contexts
from sepack.stages.compile.assemble import Options, Parts
from sepack.stages.compile.errors import CompileError, ProofError
from sepack.stages.compile.expander import Expander, Failure
from sepack.stages.compile.given_text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from sepack.errors import Location
    from sepack.model.command import ChainOutcome, Command, Outcome
    from sepack.model.package import PolicyPackage
    from sepack.model.toolchain import Toolchain
    from sepack.stages.compile.candidate import Candidate
    from sepack.stages.compile.expander import Headers
    from sepack.stages.compile.formats import FormatChoice


@frozen
class Compiled:
    """A policy package in the scratch directory, proved. `wide` is true where the closure of interfaces did not do.

    `outputs` are the files to keep: the SHA-256 of each by its name.
    """

    candidate: Candidate
    parts: Parts
    package: PolicyPackage
    outputs: Mapping[str, str]
    warnings: tuple[str, ...]
    wide: bool


@frozen
class Refused:
    candidate: Candidate
    errors: tuple[CompileError, ...]


@frozen
class Item:
    """One attempt at one candidate. `marked` says that `text` was expanded alone, with line marks, and is the last."""

    candidate: Candidate
    parts: Parts
    te: PurePosixPath
    fc: PurePosixPath | None
    text: str
    fc_text: str
    options: Options
    marked: bool = False
    warnings: tuple[str, ...] = field(default=())


class Compiler:
    """Holds what all candidates of one target share. `scratch` is a private directory of the workspace."""

    def __init__(
        self,
        *,
        toolchain: Toolchain,
        root: Path,
        scratch: PurePosixPath,
        mls: bool,
        formats: FormatChoice,
        headers: Headers | None,
        jobs: int,
    ) -> None:
        self._toolchain = toolchain
        self._root = root
        self._scratch = scratch
        self._formats = formats
        self._options = Options(mls=mls, format=formats.first if formats.option else None)
        self._expander = Expander(toolchain, root, scratch, headers, jobs) if headers else None
        self._headers = headers
        self.unchecked_expressions = ""

    def compile(self, candidates: Sequence[Candidate]) -> Iterator[Compiled | Refused]:
        """Each candidate's result, as it comes. Refpolicy candidates need headers to have been given."""
        queue, refused = self._first(candidates)
        yield from refused
        modules = self._file_contexts(queue)
        entries = {name: list(contexts.check_entries(*found)) for name, found in modules.items()}
        checker = contexts.ExpressionChecker(self._toolchain, self._root, self._scratch, modules)
        run = checker.run_beside
        while queue:
            again: list[Item] = []
            for outcome in run([self._assembly(item) for item in queue]):
                item = queue[outcome.index]
                faults = entries[item.candidate.name] + checker.faults.get(item.candidate.name, [])
                result = self._judge(item, outcome, faults)
                if isinstance(result, Item):
                    again.append(result)
                else:
                    yield result
            queue, refused = self._expand_again(again)
            yield from refused
            run = self._toolchain.run
        self.unchecked_expressions = checker.unchecked

    def _parts(self, candidate: Candidate) -> Parts:
        return Parts(directory=self._scratch / candidate.name, name=candidate.name)

    def _first(self, candidates: Sequence[Candidate]) -> tuple[list[Item], list[Refused]]:
        for candidate in candidates:
            self._write_sources(candidate)
        plain = [self._plain_item(candidate) for candidate in candidates if candidate.dialect is Dialect.PLAIN]
        refpolicy = [candidate for candidate in candidates if candidate.dialect is Dialect.REFPOLICY]
        if not refpolicy:
            return plain, []
        assert self._expander is not None, "refpolicy candidates need headers"
        together, alone = self._expander.together(refpolicy)
        items = [self._refpolicy_item(candidate, *expanded) for candidate, expanded in together]
        others, refused = self._alone(alone)
        return [*plain, *items, *others], refused

    def _write_sources(self, candidate: Candidate) -> None:
        parts = self._parts(candidate)
        (self._root / parts.directory).mkdir(parents=True)
        for suffix, text in candidate.texts.items():
            self._write(parts.path(suffix), text)

    def _write(self, path: PurePosixPath, text: str) -> None:
        with open(f"{self._root}/{path}", "wb") as file:  # noqa: PTH123 - four times a module
            file.write(text.encode(**ENCODING))

    def _plain_item(self, candidate: Candidate) -> Item:
        parts = self._parts(candidate)
        return Item(
            candidate=candidate,
            parts=parts,
            te=parts.path("te"),
            fc=parts.path("fc") if candidate.fc is not None else None,
            text=candidate.te,
            fc_text=candidate.fc or "",
            options=self._options,
        )

    def _refpolicy_item(self, candidate: Candidate, te: str, fc: str, warnings: tuple[str, ...]) -> Item:
        parts = self._parts(candidate)
        self._write(parts.expanded, te)
        self._write(parts.expanded_fc, fc)
        return Item(
            candidate=candidate,
            parts=parts,
            te=parts.expanded,
            fc=parts.expanded_fc,
            text=te,
            fc_text=fc,
            options=self._options,
            warnings=warnings,
        )

    def _alone(self, candidates: Sequence[Candidate]) -> tuple[list[Item], list[Refused]]:
        """Items of candidates expanded one by one, and those that m4 itself refuses."""
        items, refused = [], []
        if candidates:
            assert self._expander is not None, "only refpolicy candidates are expanded"
            for candidate, result in self._expander.alone(candidates):
                if isinstance(result, Failure):
                    errors = explained(result.outcome, self._text(candidate, "", marked=True))
                    refused.append(Refused(candidate=candidate, errors=tuple(errors)))
                else:
                    items.append(replace(self._refpolicy_item(candidate, *result), marked=True))
        return items, refused

    def _expand_again(self, items: Sequence[Item]) -> tuple[list[Item], list[Refused]]:
        """Items that only wait for another format are ready; the others are expanded alone."""
        ready = [item for item in items if item.options != self._options]
        alone, refused = self._alone([item.candidate for item in items if item.options == self._options])
        return [*ready, *alone], refused

    def _assembly(self, item: Item) -> tuple[Command, Command]:
        return assemble.check(item.te, item.parts, item.options), assemble.package(item.parts, item.fc)

    def _judge(self, item: Item, outcome: ChainOutcome, faults: list[CompileError]) -> Compiled | Refused | Item:
        """The result, or the attempt to make next."""
        errors = list(faults)
        if outcome.ok:
            try:
                proof = self._prove(item)
            except ProofError as error:
                errors.append(error)
            if not errors:
                return self._compiled(item, outcome, *proof)
        else:
            newer = self._newer_format(item, outcome)
            if newer is not None:
                return replace(item, options=replace(item.options, format=newer))
            if item.candidate.dialect is Dialect.REFPOLICY and not item.marked:
                return item
            errors += explained(outcome.last, self._text(item.candidate, item.text, marked=item.marked))
        return Refused(candidate=item.candidate, errors=tuple(errors))

    def _newer_format(self, item: Item, outcome: ChainOutcome) -> int | None:
        """The format to try next, where this one cannot hold what the source says and a newer one is allowed."""
        if item.options.format is None or b"error writing" not in outcome.last.stderr + outcome.last.stdout:
            return None
        from sepack.stages.compile.constructs import newest_use

        use = newest_use(item.text)
        needed = use.construct.format if use else 0
        return needed if needed > item.options.format and self._formats.admits(needed) else None

    def _prove(self, item: Item) -> tuple[PolicyPackage, str]:
        given = item.fc_text.encode(**ENCODING) if item.fc is not None else b""
        return assemble.prove(self._root, item.parts, item.candidate.version, item.options, given)

    def _compiled(self, item: Item, outcome: ChainOutcome, package: PolicyPackage, module: str) -> Compiled:
        words = b"".join(step.stdout + step.stderr for step in outcome.outcomes).decode("utf-8", "replace")
        said = [line for line in words.strip().split("\n") if line]
        texts = {suffix: sha256(text.encode(**ENCODING)).hexdigest() for suffix, text in item.candidate.texts.items()}
        digests = {**texts, "mod": module, "pp": package.digest}
        return Compiled(
            candidate=item.candidate,
            parts=item.parts,
            package=package,
            outputs={f"{item.parts.name}.{suffix}": digest for suffix, digest in digests.items()},
            warnings=(*item.warnings, *said),
            wide=item.marked,
        )

    def _text(self, candidate: Candidate, text: str, *, marked: bool) -> Text:
        return Text(
            text=text,
            marked=marked,
            locate=candidate.locate,
            index=self._headers.index if self._headers else None,
            own_files=self._headers.own_files if self._headers else {},
            unread=self._headers.unread if self._headers else (),
            highest=self._formats.highest,
            formats=self._formats.why,
        )

    def _file_contexts(self, items: Sequence[Item]) -> dict[str, tuple[contexts.Entries, contexts.Lines]]:
        return {
            item.candidate.name: (list(read_file_contexts(item.fc_text, mls=item.options.mls)), self._fc_lines(item))
            for item in items
        }

    def _fc_lines(self, item: Item) -> contexts.Lines:
        def locate(number: int) -> Location:
            line = contexts.rendered_line(item.fc_text, number, item.candidate.fc or "")
            return item.candidate.locate(SourceKind.FC, line)

        return locate


def explained(outcome: Outcome, text: Text) -> list[CompileError]:
    from sepack.stages.compile.diagnose import explain  # a build that goes well needs no explanation

    return explain(outcome, text)
