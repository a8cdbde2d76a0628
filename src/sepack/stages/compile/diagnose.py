"""Turns what m4 and checkmodule say of expanded text into errors at the author's lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sepack.formats.line_marks import Expanded, trace
from sepack.model.module import SourceKind
from sepack.model.names import near_names
from sepack.stages.compile.constructs import uses
from sepack.stages.compile.errors import (
    BaseStatementError,
    CompileError,
    FormatTooOldError,
    PolicySyntaxError,
    QuoteError,
    StatementError,
    ToolFailedError,
    UnknownInterfaceError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from sepack.errors import Location
    from sepack.model.command import Outcome


BASE_STATEMENTS = frozenset(
    "portcon nodecon netifcon genfscon fs_use_xattr fs_use_task fs_use_trans sid pirqcon iomemcon ioportcon "
    "pcidevicecon devicetreecon ibpkeycon ibendportcon default_user default_role default_type default_range "
    "mlsconstrain constrain validatetrans mlsvalidatetrans policycap".split()
)
_CHECKMODULE = re.compile(r"^(.*):(\d+):ERROR '(.*)' at token '(.*)' on line (\d+):$", re.MULTILINE)
_M4 = re.compile(r"^m4:(.+):(\d+): (ERROR|Warning|Error|warning): (.*)$", re.MULTILINE)
_UNKNOWN = re.compile(r"(?:hoge )?unknown (type|role|class|attribute|user|boolean|level|category)\w* ?(\S*)")
_PERMISSION = re.compile(r"permission (\S+) is not defined for class (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text that a tool was given: expanded (with line marks), or as rendered where `marked` is false.

    `interfaces` are the names that calls may use, `own` those of the repository with their modules; `locate` leads
    from a line of the rendered source to
    the author's; `formats` says which formats may be used, as the end of a sentence.
    """

    text: str
    marked: bool
    interfaces: Collection[str]
    own: Mapping[str, str]
    locate: Callable[[SourceKind, int], Location]
    formats: str

    def source(self, number: int) -> Expanded:
        found = trace(self.text, number) if self.marked else None
        return found or Expanded(path="", line=number, interfaces=())

    def last_line(self) -> int:
        """The last line that holds something of the author's."""
        lines = self.text.split("\n")
        full = (n for n in range(len(lines), 0, -1) if lines[n - 1].strip() and not lines[n - 1].startswith("#"))
        return next(full, 1)

    def path_to(self, source: Expanded) -> list[str]:
        """The interfaces that lead to a place, outermost first, each of the repository's own with its module."""
        return [
            f"{name}() of policy/{self.own[name]}" if name in self.own else f"{name}()" for name in source.interfaces
        ]

    def line(self, number: int) -> str:
        lines = self.text.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""


def explain(outcome: Outcome, text: Text) -> list[CompileError]:
    """At least one error for a command that failed."""
    words = (outcome.stderr + outcome.stdout).decode("utf-8", "replace")
    errors = list(_from_m4(words, text) if outcome.command.argv[0] == "m4" else _from_checkmodule(words, text))
    if (not errors and "policy version" in words) or "error writing" in words:
        errors = list(_from_format(text))
    return errors or [ToolFailedError(str(outcome.command), outcome.exit_code, words)]


def _from_m4(words: str, text: Text) -> Iterator[CompileError]:
    for path, line, severity, message in _M4.findall(words):
        if severity == "ERROR":
            where = text.locate(kind_of(path), int(line))
            if "end of file in" in message:
                yield QuoteError(where, f"m4: {message}")
            else:
                yield StatementError(f"m4: {message}", where, (), "mend the macro call on this line")


def kind_of(path: str) -> SourceKind:
    """Which source an m4 message is about."""
    return SourceKind.FC if path.endswith(".fc") else SourceKind.IF if path.endswith(".if") else SourceKind.TE


def _from_checkmodule(words: str, text: Text) -> Iterator[CompileError]:
    seen = set()
    for _, _, message, token, found in _CHECKMODULE.findall(words):
        number = int(found) if token else text.last_line()
        source = text.source(number)
        where = with_column(text.locate(SourceKind.TE, source.line), token)
        key = (where.line, message, token)
        if key not in seen:
            seen.add(key)
            yield _one(message, token, number, source, where, text)


def _one(message: str, token: str, number: int, source: Expanded, where: Location, text: Text) -> CompileError:
    if "syntax error" not in message:
        return _refused(message, source, where, text)
    if token in BASE_STATEMENTS:
        return BaseStatementError(token, where)
    if re.search(rf"\b{re.escape(token)}\s*\(", text.line(number)) and token not in ("if", "else"):
        return UnknownInterfaceError(token, where, text.path_to(source), text.interfaces)
    construct = next((use for use in uses(text.text) if use.line == number), None)
    if construct:
        return FormatTooOldError(construct.construct.name, construct.construct.format, text.formats, where)
    if token in ("'", "`"):
        return QuoteError(where, f"a {token} is left over after m4 has read the text")
    return PolicySyntaxError(token, where, text.path_to(source))


def _refused(message: str, source: Expanded, where: Location, text: Text) -> CompileError:
    unknown = _UNKNOWN.search(message)
    permission = _PERMISSION.search(message)
    if unknown:
        kind, name = unknown[1], unknown[2]
        where = with_column(where, name)
        brief = f"{kind} {name} is neither declared here nor required"
        hint = f"declare it ({kind} {name};), or, if another module owns it, add it to require {{ … }} / gen_require"
    elif permission:
        where = with_column(where, permission[1])
        brief = f"class {permission[2]} has no permission {permission[1]} here"
        known = [word for word in text.interfaces if word.endswith("_perms")]
        close = near_names(permission[1], known)
        hint = f"add it to the class in require {{ … }}{', or use ' + ' or '.join(close) if close else ''}"
    else:
        brief, hint = f"the compiler refuses this: {message}", "mend the statement on this line"
    return StatementError(brief, where, text.path_to(source), hint)


def _from_format(text: Text) -> Iterator[CompileError]:
    for use in uses(text.text):
        where = text.locate(SourceKind.TE, text.source(use.line).line)
        yield FormatTooOldError(use.construct.name, use.construct.format, text.formats, where)
        return


def with_column(where: Location, word: str) -> Location:
    """`where` with the column of `word` in its line, if it is there exactly as a word."""
    if where.text is None or not word:
        return where
    found = re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", where.text)
    return replace(where, column=found.start() + 1) if found else where


def m4_warnings(words: str) -> Iterator[tuple[str, int, str]]:
    """(path, line, message) of each warning that refpolicy's macros printed (a deprecated interface, for one)."""
    for path, line, severity, message in _M4.findall(words):
        if severity != "ERROR":
            yield path, int(line), message.strip()
