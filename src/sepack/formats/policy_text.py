"""Reads just enough of policy text to know its header and its dialect, without understanding it."""

from __future__ import annotations

import re

from sepack.frozen import frozen
from sepack.model.module import Dialect, SourceKind

_COMMENT = re.compile(r"#[^\n]*")
_DNL = re.compile(r"\bdnl\b[^\n]*")
_COMMENTS = re.compile(r"(?:\s+|#[^\n]*\n)*")
_CUT = re.compile(r"#|\bdnl\b")
_STRING = re.compile(r'"[^"\n]*"')
_PLAIN_HEADER = re.compile(r"\bmodule\s+([^\s;]+)(?:\s+([^\s;]+))?\s*;")
_MACRO_HEADER = re.compile(r"\bpolicy_module\s*\(\s*`?([^\s,)`']*)'?\s*(?:,\s*`?([^\s,)`']*)'?\s*)?(,[^)]*)?\)")
# What only m4 understands: a call or a quote. `if (` is the language's own.
_CALL = re.compile(r"\b(?!if\b|else\b)[A-Za-z_]\w*\(|`")
# One of refpolicy's permission sets where a rule has its permissions.
_PERMISSION_SET = re.compile(r":\s*(?:[\w-]+|\{[^}]*\})\s+(?:~\s*)?(?:\w+_perms\b|\{[^}]*\b\w+_perms\b)")
# Where an .fc entry begins: live(/.*)? is a regular expression there and calls nothing.
_PATH = re.compile(r"^[ \t]*(?:[/(\[]|HOME_)\S*", re.MULTILINE)
# Types that another module declares stand in one of these, `gen_require(`…')` or `require { … }`.
_REQUIRE = r"\bgen_require\s*\(\s*`[^']*'\s*\)|\brequire\s*\{(?:[^{}]|\{[^{}]*\})*\}"
_TYPE = r"(?:^|[;{}`)])\s*type\s+([A-Za-z_][\w.]*)\s*(?=[,;]|alias\b)"
WORD = re.compile(r"[A-Za-z_]\w*")


@frozen
class Header:
    """The module statement. `version` is "" where it gives none; `line` counts from 1; `span` is its place in the text.

    `macro` is true for `policy_module(…)`, false for `module …;`; `surplus` is what follows the version.
    """

    name: str
    version: str
    macro: bool
    line: int
    span: tuple[int, int]
    surplus: str = ""


def blanked(pattern: re.Pattern[str], text: str) -> str:
    """`text` with every match blanked out, so that offsets and lines stay what they are."""
    return pattern.sub(lambda found: " " * len(found[0]), text)


def without_comments(text: str) -> str:
    return blanked(_COMMENT, text)


def without_strings(text: str) -> str:
    """`text` without the file names in double quotes that a type_transition may hold."""
    return blanked(_STRING, text)


def find_header(text: str) -> Header | None:
    """The first module statement of `.te` text, comments aside."""
    candidates = _at_the_beginning(text) or _anywhere(text)
    if not candidates:
        return None
    found, macro = min(candidates, key=lambda candidate: candidate[0].start())
    return Header(
        name=found[1],
        version=found[2] or "",
        macro=macro,
        line=line_at(text, found.start()),
        span=found.span(),
        surplus=(found[3] or "").lstrip(", ") if macro else "",
    )


def _at_the_beginning(text: str) -> list[tuple[re.Match[str], bool]]:
    """Where nearly all have it, with nothing but comments before it: the rest need not be looked through then."""
    begin = _COMMENTS.match(text)
    start = begin.end() if begin else 0
    found = [(pattern.match(text, start), pattern is _MACRO_HEADER) for pattern in (_PLAIN_HEADER, _MACRO_HEADER)]
    return [(match, macro) for match, macro in found if match and not _CUT.search(match[0])]


def _anywhere(text: str) -> list[tuple[re.Match[str], bool]]:
    bare = blanked(_DNL, without_comments(text))
    found = [(pattern.search(bare), pattern is _MACRO_HEADER) for pattern in (_PLAIN_HEADER, _MACRO_HEADER)]
    return [(match, macro) for match, macro in found if match]


def declared_types(te: str) -> frozenset[str]:
    """The types that `.te` text declares in so many words; what macros declare is not seen."""
    bare = re.sub(_REQUIRE, " ", without_strings(without_comments(te)))  # compiled only where somebody asks
    return frozenset(re.findall(_TYPE, bare))


def line_at(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def first_macro(te: str, fc: str) -> tuple[SourceKind, int] | None:
    """Which text, and which of its lines, first holds something that only m4 understands."""
    for kind, text in ((SourceKind.TE, te), (SourceKind.FC, blanked(_PATH, fc))):
        if not (_CALL.search(text) or _PERMISSION_SET.search(text)):
            continue
        bare = without_strings(without_comments(text))
        found = _CALL.search(bare) or _PERMISSION_SET.search(bare)
        if found:
            return kind, line_at(bare, found.start())
    return None


def dialect_of(te: str, fc: str) -> Dialect:
    """REFPOLICY where either text holds something that only m4 understands."""
    return Dialect.REFPOLICY if first_macro(te, fc) else Dialect.PLAIN


def with_version(text: str, header: Header, version: str) -> str:
    """`text` with the header's statement written out with `version`; no line moves."""
    statement = f"policy_module({header.name}, {version})" if header.macro else f"module {header.name} {version};"
    start, end = header.span
    return text[:start] + statement + "\n" * text.count("\n", start, end) + text[end:]
