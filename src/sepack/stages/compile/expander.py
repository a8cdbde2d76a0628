"""Runs m4 for many candidates: in shared batches, and one by one for those that cannot share."""

from __future__ import annotations

from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sepack.formats.line_marks import ENCODING
from sepack.frozen import frozen
from sepack.stages.compile.expand import (
    Expansion,
    Unit,
    batches,
    definitions,
    driver,
    expand_alone,
    expand_batch,
    split_batch,
)
from sepack.stages.compile.interfaces import STATEFUL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sepack.model.command import ChainOutcome, Command, Outcome
    from sepack.model.toolchain import Toolchain
    from sepack.stages.compile.candidate import Candidate
    from sepack.stages.compile.headers import HeaderState
    from sepack.stages.compile.interfaces import InterfaceFile, InterfaceIndex

Expanded = tuple[str, str, tuple[str, ...]]  # .te text, .fc text, warnings


@frozen
class Headers:
    """A release's prepared headers with all interfaces that may be called; `preamble` starts every .fc.

    `own_files` are the repository's .if files by module; `unread` says of those that could not be read why.
    """

    state: HeaderState
    index: InterfaceIndex
    preamble: str
    own_files: Mapping[str, InterfaceFile] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


@frozen
class Failure:
    """m4 refused a candidate that it had for itself."""

    outcome: Outcome


class Expander:
    """Sources are read from, and text is written to, `scratch`/<module>/."""

    def __init__(self, toolchain: Toolchain, root: Path, scratch: PurePosixPath, headers: Headers, jobs: int) -> None:
        self._toolchain = toolchain
        self._root = root
        self._scratch = scratch
        self._headers = headers
        self._jobs = jobs

    def together(self, candidates: Sequence[Candidate]) -> tuple[list[tuple[Candidate, Expanded]], list[Candidate]]:
        """Candidates expanded with the interfaces they reach, and those that m4 refused."""
        by_name = {candidate.name: candidate for candidate in candidates}
        units = [self._unit(candidate) for candidate in candidates]
        done = self._run_batches(batches(units, self._jobs), by_name)
        finished = {candidate.name for candidate, _ in done}
        # One that changes m4's state, and all that shared an m4 with one that m4 refused, get one for themselves.
        alone = [[unit] for unit in units if unit.name not in finished]
        done += self._run_batches(alone, by_name) if alone else []
        finished = {candidate.name for candidate, _ in done}
        return done, [candidate for candidate in candidates if candidate.name not in finished]

    def _run_batches(
        self, groups: Sequence[Sequence[Unit]], by_name: Mapping[str, Candidate]
    ) -> list[tuple[Candidate, Expanded]]:
        done: list[tuple[Candidate, Expanded]] = []
        chains = [(self._batch_command(number, units),) for number, units in enumerate(groups)]
        for outcome in self._toolchain.run(chains):
            expansions = self._read_batch(groups[outcome.index], outcome)
            warnings = self._warnings(outcome.last.stderr, by_name)
            for name, expansion in expansions.items():
                done.append((by_name[name], (expansion.te, expansion.fc, tuple(warnings.get(name, ())))))
        return done

    def alone(self, candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, Expanded | Failure]]:
        """Each candidate with an m4 of its own, all interfaces and line marks."""
        everything = self._scratch / ".everything.m4"
        index = self._headers.index
        self._write(everything, definitions(index, index.names, comments=True))
        units = [self._unit(candidate) for candidate in candidates]
        outputs = [(self._output(unit, "te.expanded"), self._output(unit, "fc.expanded")) for unit in units]
        chains = [
            expand_alone(self._headers.state, everything, unit, *output)
            for unit, output in zip(units, outputs, strict=True)
        ]
        for outcome in self._toolchain.run(chains):
            candidate, unit, (te, fc) = candidates[outcome.index], units[outcome.index], outputs[outcome.index]
            if not outcome.ok:
                yield candidate, Failure(outcome=outcome.last)
                continue
            said = b"".join(step.stderr for step in outcome.outcomes)
            warnings = self._warnings(said, {candidate.name: candidate}).get(candidate.name, [])
            fc_text = self._headers.preamble + (self._read(fc) if unit.fc else "")
            yield candidate, (self._read(te), fc_text, tuple(warnings))

    def _unit(self, candidate: Candidate) -> Unit:
        directory = self._scratch / candidate.name
        return Unit(
            name=candidate.name,
            te=directory / f"{candidate.name}.te",
            fc=directory / f"{candidate.name}.fc" if candidate.fc is not None else None,
            words=candidate.words,
            shareable=not self._changes_state(candidate),
        )

    def _changes_state(self, candidate: Candidate) -> bool:
        index = self._headers.index
        if STATEFUL & (candidate.words | candidate.fc_words):
            return True
        return bool(index.stateful) and not index.stateful.isdisjoint(index.reach(candidate.words))

    def _output(self, unit: Unit, suffix: str) -> PurePosixPath:
        return self._scratch / unit.name / suffix

    def _batch_command(self, number: int, units: Sequence[Unit]) -> Command:
        text = self._scratch / f".batch-{number}.m4"
        self._write(text, driver(units, self._headers.index))
        return expand_batch(self._headers.state, text, self._batch_output(number))

    def _batch_output(self, number: int) -> PurePosixPath:
        return self._scratch / f".batch-{number}.out"

    def _read_batch(self, units: Sequence[Unit], outcome: ChainOutcome) -> dict[str, Expansion]:
        """Nothing where m4 failed or its output is not whole: then no part of it is to be trusted."""
        path = self._batch_output(outcome.index)
        expansions = split_batch(units, self._read(path), self._headers.preamble) if outcome.ok else None
        (self._root / path).unlink(missing_ok=True)
        return expansions or {}

    def _warnings(self, words: bytes, candidates: Mapping[str, Candidate]) -> dict[str, list[str]]:
        """What refpolicy's macros warned of, by module, with the author's place."""
        warnings: dict[str, list[str]] = {}
        if not words:
            return warnings
        from sepack.stages.compile.diagnose import kind_of, m4_warnings

        for path, line, message in m4_warnings(words.decode("utf-8", "replace")):
            name = PurePosixPath(path).parent.name
            if name in candidates:
                where = candidates[name].locate(kind_of(path), line)
                warnings.setdefault(name, []).append(f"{where}: {message}")
        return warnings

    def _read(self, path: PurePosixPath) -> str:
        return (self._root / path).read_bytes().decode(ENCODING["encoding"], ENCODING["errors"])

    def _write(self, path: PurePosixPath, text: str) -> None:
        (self._root / path).write_text(text, newline="", **ENCODING)
