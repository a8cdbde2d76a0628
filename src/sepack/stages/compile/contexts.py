"""Checks expanded `.fc` text, which checkmodule and semodule_package take as it comes, and semodule refuses late."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.errors import Location
from sepack.formats.file_contexts import FileContext, NotFileContext
from sepack.model.command import Command
from sepack.stages.compile.errors import CompileError, FileContextError, HomePathError, PathExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path, PurePosixPath

    from sepack.model.command import ChainOutcome
    from sepack.model.toolchain import Toolchain

Lines = Callable[[int], Location]

_HOME = re.compile(r"/home/((?:\[\^?\]?[^\]]*\]|[^/()\[])+[?*+]?|\([^/]*\)[?*+]?)(/.*)$")
_REFUSAL = re.compile(
    r"line (\d+) (?:has invalid regex .*?:\s+(?:REGEX back-end error: )?|error due to: )(.*)$", re.MULTILINE
)
NOT_FOUND = 127
# Labels the expressions while they are tried; without a policy nobody asks whether the type exists.
_ANY_CONTEXT = "system_u:object_r:unlabeled_t:s0"


Entries = Sequence[FileContext | NotFileContext]


def check_entries(entries: Entries, locate: Lines) -> Iterator[CompileError]:
    """An error for each line that is no entry, and for each entry that can never win."""
    for entry in entries:
        if isinstance(entry, NotFileContext):
            yield FileContextError(entry.reason, locate(entry.line))
            continue
        home = _HOME.match(entry.expression)
        if home:
            yield HomePathError(entry.expression, f"HOME_DIR{home[2]}", locate(entry.line))


def rendered_line(expanded: str, number: int, rendered: str) -> int:
    """The line of `rendered` .fc text that line `number` of its expansion comes from.

    m4 prints the support macros' empty lines first and may drop lines, so the entry's path expression is looked for.
    """
    if expanded == rendered:
        return number
    words = expanded.split("\n")[number - 1].split()
    lines = rendered.split("\n")
    offset = len(expanded.split("\n")) - len(lines)
    guess = number - offset
    if words and 0 < guess <= len(lines) and words[0] in lines[guess - 1]:
        return guess
    return next((index for index, line in enumerate(lines, start=1) if words and words[0] in line.split()), 1)


class ExpressionChecker:
    """Compiles path expressions with the library that will read them on the host (PCRE2, through libselinux).

    `modules` gives each module's entries and its lines. `faults` holds what was refused, by module; where the tool is
    missing or says what is not understood, `unchecked` is a sentence about it.
    """

    def __init__(
        self, toolchain: Toolchain, root: Path, scratch: PurePosixPath, modules: Mapping[str, tuple[Entries, Lines]]
    ) -> None:
        self.faults: dict[str, list[CompileError]] = {}
        self.unchecked = ""
        self._toolchain = toolchain
        text, output = scratch / ".expressions.fc", scratch / ".expressions.bin"
        self._file = root / text
        self._command = Command(argv=("sefcontext_compile", "-o", str(output), str(text)))
        self._modules = modules
        self._places: dict[str, list[tuple[str, int]]] = {}
        for name, (entries, _) in modules.items():
            for entry in entries:
                if isinstance(entry, FileContext):
                    self._places.setdefault(entry.expression, []).append((name, entry.line))
        self._left = list(self._places)

    def run_beside(self, chains: Sequence[Sequence[Command]]) -> Iterator[ChainOutcome]:
        """Outcomes as the toolchain's `run` gives them for `chains`; none comes before all expressions are judged."""
        if not self._left:
            yield from self._toolchain.run(chains)
            return
        checked: ChainOutcome | None = None
        held: list[ChainOutcome] = []
        for outcome in self._toolchain.run([(self._attempt(),), *chains]):
            if outcome.index == 0:
                checked = outcome
            else:
                held.append(replace(outcome, index=outcome.index - 1))
            if checked is not None and checked.ok:
                yield from held
                held.clear()
        if checked is not None and not checked.ok:
            self._judge(checked)  # now that the batch has ended: a toolchain runs one at a time
        yield from held

    def _attempt(self) -> Command:
        lines = "".join(f"{expression}\t{_ANY_CONTEXT}\n" for expression in self._left)
        self._file.write_text(lines, encoding="utf-8", errors="surrogateescape")
        return self._command

    def _judge(self, outcome: ChainOutcome) -> None:
        """The tool stops at the first it refuses: that one is taken out and the rest tried again."""
        while not outcome.ok:
            said = outcome.last.stderr.decode("utf-8", "replace")
            found = _REFUSAL.search(said)
            if not found or not 0 < int(found[1]) <= len(self._left):
                missing = outcome.last.exit_code == NOT_FOUND
                why = "sefcontext_compile is missing" if missing else said.strip().split("\n")[0]
                self.unchecked = f"{len(self._left)} path expressions were not checked: {why}"
                return
            self._refuse(self._left.pop(int(found[1]) - 1), found[2].strip())
            if not self._left:
                return
            (outcome,) = self._toolchain.run([(self._attempt(),)])

    def _refuse(self, expression: str, reason: str) -> None:
        for name, line in self._places[expression]:
            error = PathExpressionError(expression, reason, self._modules[name][1](line))
            self.faults.setdefault(name, []).append(error)
