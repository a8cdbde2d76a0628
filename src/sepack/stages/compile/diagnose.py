"""Turns what m4 and checkmodule say of expanded text into errors at the author's lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
from sepack.stages.compile.given_text import Place, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

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
                yield StatementError(
                    f"m4: {message}", Place(where=where, reached=()), "mend the macro call on this line"
                )


def kind_of(path: str) -> SourceKind:
    """Which source an m4 message is about."""
    return SourceKind.FC if path.endswith(".fc") else SourceKind.IF if path.endswith(".if") else SourceKind.TE


def _from_checkmodule(words: str, text: Text) -> Iterator[CompileError]:
    seen = set()
    for _, _, message, token, found in _CHECKMODULE.findall(words):
        number = int(found) if token else text.last_line()
        error = _one(message, token, number, text)
        key = (error.where and error.where.line, message, token)
        if key not in seen:
            seen.add(key)
            yield error


def _one(message: str, token: str, number: int, text: Text) -> CompileError:
    place = text.place(number, token)
    newer = next((use.construct for use in uses(text.text) if use.line == number), None)
    if newer and newer.format > text.highest:
        return FormatTooOldError(newer.name, newer.format, text.formats, place.where)
    if token in ("'", "`") or "unrecognized character" in message:
        return QuoteError(place.where, "m4 left a quote over when it had read the text")
    if "syntax error" not in message:
        return _refused(message, number, text)
    if token in BASE_STATEMENTS:
        return BaseStatementError(token, place.where)
    if re.search(rf"\b{re.escape(token)}\s*\(", text.line(number)) and token not in ("if", "else"):
        return UnknownInterfaceError(token, place, text.interfaces, text.unread)
    return PolicySyntaxError(token, place)


def _refused(message: str, number: int, text: Text) -> CompileError:
    unknown = _UNKNOWN.search(message)
    permission = _PERMISSION.search(message)
    if unknown:
        kind, name = unknown[1], unknown[2]
        declaration = f"sensitivity {name};" if kind == "level" else f"{kind} {name};"
        brief = f"{kind} {name} is neither declared here nor required"
        hint = f"declare it ({declaration}), or, if another module owns it, add it to require {{ … }} / gen_require"
        return StatementError(brief, text.place(number, name), hint)
    if permission:
        brief = f"class {permission[2]} has no permission {permission[1]} here"
        close = near_names(permission[1], [word for word in text.interfaces if word.endswith("_perms")])
        hint = f"add it to the class in require {{ … }}{', or use ' + ' or '.join(close) if close else ''}"
        return StatementError(brief, text.place(number, permission[1]), hint)
    return StatementError(
        f"the compiler refuses this: {message}", text.place(number, ""), "mend the statement on this line"
    )


def _from_format(text: Text) -> Iterator[CompileError]:
    for use in uses(text.text):
        yield FormatTooOldError(use.construct.name, use.construct.format, text.formats, text.place(use.line, "").where)
        return


def m4_warnings(words: str) -> Iterator[tuple[str, int, str]]:
    """(path, line, message) of each warning that refpolicy's macros printed (a deprecated interface, for one)."""
    for path, line, severity, message in _M4.findall(words):
        if severity != "ERROR":
            yield path, int(line), message.strip()
