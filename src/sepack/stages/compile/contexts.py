"""Checks expanded `.fc` text, which checkmodule and semodule_package take as it comes, and semodule refuses late."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sepack.errors import Location
from sepack.formats.file_contexts import FileContext, NotFileContext
from sepack.model.command import Command
from sepack.stages.compile.errors import CompileError, FileContextError, HomePathError, PathExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path, PurePosixPath

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
    """Compiles path expressions with the library that will read them on the host (PCRE2, through libselinux)."""

    def __init__(self, toolchain: Toolchain, root: Path, scratch: PurePosixPath) -> None:
        self._toolchain = toolchain
        self._root = root
        self._scratch = scratch
        self.unchecked = ""

    def check(self, modules: Mapping[str, tuple[Entries, Lines]]) -> Iterator[tuple[str, CompileError]]:
        """(module, error) for each expression that is refused; `modules` gives each one's entries and its lines.

        Where the tool is missing or says what is not understood, `unchecked` is a sentence about it.
        """
        places: dict[str, list[tuple[str, int]]] = {}
        for name, (entries, _) in modules.items():
            for entry in entries:
                if isinstance(entry, FileContext):
                    places.setdefault(entry.expression, []).append((name, entry.line))
        for expression, reason in self._refused(list(places)):
            for name, line in places[expression]:
                yield name, PathExpressionError(expression, reason, modules[name][1](line))

    def _refused(self, expressions: list[str]) -> Iterator[tuple[str, str]]:
        """The tool stops at the first it refuses: that one is taken out and the rest tried again."""
        text, output = self._scratch / ".expressions.fc", self._scratch / ".expressions.bin"
        command = Command(argv=("sefcontext_compile", "-o", str(output), str(text)))
        while expressions:
            lines = "".join(f"{expression}\t{_ANY_CONTEXT}\n" for expression in expressions)
            (self._root / text).write_text(lines, encoding="utf-8", errors="surrogateescape")
            (outcome,) = self._toolchain.run([(command,)])
            found = _REFUSAL.search(outcome.last.stderr.decode("utf-8", "replace"))
            if outcome.ok:
                return
            if not found or not 0 < int(found[1]) <= len(expressions):
                said = outcome.last.stderr.decode("utf-8", "replace").strip().split("\n")[0]
                why = "sefcontext_compile is missing" if outcome.last.exit_code == NOT_FOUND else said
                self.unchecked = f"{len(expressions)} path expressions were not checked: {why}"
                return
            yield expressions.pop(int(found[1]) - 1), found[2].strip()
