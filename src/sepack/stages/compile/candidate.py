"""A module that is worth giving to the compiler: its rendered text has a header, one version and nothing forbidden."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sepack.model.module import Dialect, SourceKind
from sepack.stages.compile.diagnose import with_column
from sepack.stages.compile.errors import (
    CompileError,
    DottedNameError,
    ForbiddenMacroError,
    HeaderNameError,
    MacroInNameError,
    NoHeaderError,
    TwoVersionsError,
)
from sepack.stages.compile.policy_text import WORD, Header, dialect_of, find_header, with_version, without_comments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sepack.errors import Location
    from sepack.model.sources import Sources

DEFAULT_VERSION = "1"
_RUNS = "it runs a program while the policy is built"
_READS = "it reads a file that the build does not know of"
FORBIDDEN = {
    "syscmd": _RUNS,
    "esyscmd": _RUNS,
    "mkstemp": "it writes a file",
    "maketemp": "it writes a file",
    "include": _READS,
    "sinclude": _READS,
}
# Words that m4 would expand within a name such as web-interface: its own that need no arguments, and refpolicy's.
MACRO_WORDS = frozenset(
    "interface template define undefine defn pushdef popdef dnl shift divnum divert undivert unix gnu sysval traceon "
    "traceoff changequote changecom dumpdef m4exit m4wrap".split()
)
_DOTTED = re.compile(r"(?<![\w.\"/])[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")
_CATEGORIES = re.compile(r"c\d+\.c\d+$")
_STRING = re.compile(r'"[^"\n]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """`te`, `fc` and `interfaces` are the texts to compile (None: there is none); `words` is empty for PLAIN."""

    name: str
    sources: Sources
    version: str
    dialect: Dialect
    te: str
    fc: str | None
    interfaces: str | None
    words: frozenset[str]
    locate: Callable[[SourceKind, int], Location]


def consider(sources: Sources, locate: Callable[[SourceKind, int], Location]) -> Candidate | list[CompileError]:
    """The candidate, or everything that speaks against it.

    `locate` leads from a kind of source and a line of its rendered text to the author's line.
    """
    te = sources.te.text
    header = find_header(te)
    if header is None:
        return [NoHeaderError(sources.module.name, replace(locate(SourceKind.TE, 1), line=None, text=None))]
    fc = sources.get(SourceKind.FC)
    dialect = dialect_of(te, fc.text if fc else "")
    errors = [*_header_faults(sources, header, dialect, locate), *_text_faults(sources, locate)]
    if errors:
        return errors
    version = sources.module.version or header.version or DEFAULT_VERSION
    own = sources.get(SourceKind.IF)
    return Candidate(
        name=sources.module.name,
        sources=sources,
        version=version,
        dialect=dialect,
        te=te if header.version == version else with_version(te, header, version),
        fc=fc.text if fc else None,
        interfaces=own.text if own else None,
        words=frozenset(WORD.findall(te)) if dialect is Dialect.REFPOLICY else frozenset(),
        locate=locate,
    )


def _header_faults(
    sources: Sources, header: Header, dialect: Dialect, locate: Callable[[SourceKind, int], Location]
) -> Iterator[CompileError]:
    where = locate(SourceKind.TE, header.line)
    macros = MACRO_WORDS.intersection(WORD.findall(header.name)) if dialect is Dialect.REFPOLICY else ()
    for word in sorted(macros):
        yield MacroInNameError(header.name, word, with_column(where, word))
    if header.name != sources.module.name:
        yield HeaderNameError(sources.module.name, header.name, with_column(where, header.name))
    declared = sources.module.version
    if declared is not None and header.version not in ("", declared):
        yield TwoVersionsError(declared, header.version, where)


def _text_faults(sources: Sources, locate: Callable[[SourceKind, int], Location]) -> Iterator[CompileError]:
    for source in sources.texts:
        for word, why in FORBIDDEN.items():
            if word in source.text:
                line = _line_of(rf"(?<!\w){word}\s*\(", without_comments(source.text))
                if line:
                    yield ForbiddenMacroError(word, why, with_column(locate(source.kind, line), word))
        if source.kind is SourceKind.TE and _DOTTED.search(source.text):
            yield from _dotted(source.text, locate)


def _dotted(text: str, locate: Callable[[SourceKind, int], Location]) -> Iterator[CompileError]:
    """The first place of each dotted name."""
    bare = _STRING.sub(lambda found: " " * len(found[0]), without_comments(text))
    seen: set[str] = set()
    for found in _DOTTED.finditer(bare):
        if not _CATEGORIES.search(found[0]) and found[0] not in seen:
            seen.add(found[0])
            where = locate(SourceKind.TE, bare.count("\n", 0, found.start()) + 1)
            yield DottedNameError(found[0], with_column(where, found[0]))


def _line_of(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return text.count("\n", 0, found.start()) + 1 if found else 0
