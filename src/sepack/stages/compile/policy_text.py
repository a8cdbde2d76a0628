"""Reads just enough of policy text to know its header and its dialect, without understanding it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sepack.model.module import Dialect

_COMMENT = re.compile(r"#[^\n]*")
_PLAIN_HEADER = re.compile(r"\bmodule\s+([^\s;]+)(?:\s+([^\s;]+))?\s*;")
_MACRO_HEADER = re.compile(r"\bpolicy_module\s*\(\s*`?([^\s,)`']*)'?\s*(?:,\s*`?([^\s)`']*)'?\s*)?\)")
# What only m4 understands: a call, a quote, or one of refpolicy's permission sets. `if (` is the language's own.
_CALL = re.compile(r"\b(?!if\b|else\b)[A-Za-z_]\w*\(|`|\b\w+_perms\b")
# Where an .fc entry begins: live(/.*)? is a regular expression there and calls nothing.
_PATH = re.compile(r"^[ \t]*(?:/|HOME_)\S*", re.MULTILINE)
WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The module statement. `version` is "" where it gives none; `line` counts from 1; `span` is its place in the text.

    `macro` is true for `policy_module(…)`, false for `module …;`.
    """

    name: str
    version: str
    macro: bool
    line: int
    span: tuple[int, int]


def without_comments(text: str) -> str:
    """`text` with every comment blanked out, so that offsets and lines stay what they are."""
    return _COMMENT.sub(lambda found: " " * len(found[0]), text)


def find_header(text: str) -> Header | None:
    """The first module statement of `.te` text, comments aside."""
    bare = without_comments(text)
    candidates = [(found, macro) for macro in (False, True) if (found := _header_pattern(macro).search(bare))]
    if not candidates:
        return None
    found, macro = min(candidates, key=lambda candidate: candidate[0].start())
    return Header(
        name=found[1],
        version=found[2] or "",
        macro=macro,
        line=text.count("\n", 0, found.start()) + 1,
        span=found.span(),
    )


def _header_pattern(macro: bool) -> re.Pattern[str]:
    return _MACRO_HEADER if macro else _PLAIN_HEADER


def dialect_of(te: str, fc: str) -> Dialect:
    """REFPOLICY where either text holds something that only m4 understands."""
    for text in (te, _PATH.sub("", fc)):
        if _CALL.search(text) and _CALL.search(without_comments(text)):
            return Dialect.REFPOLICY
    return Dialect.PLAIN


def with_version(text: str, header: Header, version: str) -> str:
    """`text` with the header's statement written out with `version`; no line moves."""
    statement = f"policy_module({header.name}, {version})" if header.macro else f"module {header.name} {version};"
    start, end = header.span
    return text[:start] + statement + "\n" * text.count("\n", start, end) + text[end:]
