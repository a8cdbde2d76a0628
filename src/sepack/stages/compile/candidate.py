"""A module that is worth giving to the compiler: its rendered text has a header, one version and nothing forbidden."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.formats.policy_text import (
    WORD,
    Header,
    find_header,
    first_macro,
    line_at,
    with_version,
    without_comments,
    without_strings,
)
from sepack.frozen import frozen
from sepack.model.module import Dialect, SourceKind
from sepack.stages.compile import errors as wrong
from sepack.stages.compile.given_text import with_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sepack.errors import Location
    from sepack.model.sources import Sources

    Locate = Callable[[SourceKind, int], Location]

DEFAULT_VERSION = "1"
_RUNS = "it runs a program while the policy is built"
_READS = "it reads a file that the build does not know of"
_WRITES = "it writes a file"
FORBIDDEN = {
    "syscmd": _RUNS,
    "esyscmd": _RUNS,
    "builtin": "it reaches what is taken out of m4 here",
    "indir": "it reaches what is taken out of m4 here",
    "mkstemp": _WRITES,
    "maketemp": _WRITES,
    "debugfile": _WRITES,
    "include": _READS,
    "sinclude": _READS,
    "undivert": _READS,
}
# Words that m4 expands within a name such as web-interface: its own that work without arguments, and refpolicy's.
MACRO_WORDS = frozenset(
    "interface template dnl divnum divert undivert sysval traceon traceoff changequote changecom dumpdef m4exit "
    "optional_policy gen_require gen_tunable policy_module".split()
)
_VERSION = re.compile(r"[0-9]+(\.[0-9A-Za-z]+)*$")
_DOTTED = re.compile(r"(?<![\w.\"/])[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")
_CATEGORIES = re.compile(r"c\d+\.c\d+$")


@frozen
class Candidate:
    """`te`, `fc` and `interfaces` are the texts to compile (None: there is none).

    `words` and `fc_words` are those of `te` and `fc`, empty for PLAIN; `macro` is where m4 is first needed.
    """

    name: str
    sources: Sources
    version: str
    te: str
    fc: str | None
    interfaces: str | None
    macro: Location | None
    words: frozenset[str]
    fc_words: frozenset[str]
    locate: Locate

    @property
    def texts(self) -> dict[str, str]:
        """Those there are, by the ending of their file's name."""
        found = {"te": self.te, "fc": self.fc, "if": self.interfaces}
        return {suffix: text for suffix, text in found.items() if text is not None}

    @property
    def dialect(self) -> Dialect:
        return Dialect.PLAIN if self.macro is None else Dialect.REFPOLICY


def consider(sources: Sources, locate: Locate) -> Candidate | list[wrong.CompileError]:
    """The candidate, or everything that speaks against it.

    `locate` leads from a kind of source and a line of its rendered text to the author's line.
    """
    te = sources.te.text
    header = find_header(te)
    if header is None:
        return [wrong.NoHeaderError(sources.module.name, replace(locate(SourceKind.TE, 1), line=None, text=None))]
    fc, own = sources.get(SourceKind.FC), sources.get(SourceKind.IF)
    macro = first_macro(te, fc.text if fc else "")
    errors = [
        *_header_faults(sources, header, locate, refpolicy=macro is not None),
        *_text_faults(sources, header, locate),
    ]
    if errors:
        return errors
    version = sources.module.version or header.version or DEFAULT_VERSION
    return Candidate(
        name=sources.module.name,
        sources=sources,
        version=version,
        te=te if header.version == version else with_version(te, header, version),
        fc=fc.text if fc else None,
        interfaces=own.text if own else None,
        macro=locate(*macro) if macro else None,
        words=frozenset(WORD.findall(te)) if macro else frozenset(),
        fc_words=frozenset(WORD.findall(fc.text)) if macro and fc else frozenset(),
        locate=locate,
    )


def _header_faults(
    sources: Sources, header: Header, locate: Locate, *, refpolicy: bool
) -> Iterator[wrong.CompileError]:
    where = locate(SourceKind.TE, header.line)
    macros = MACRO_WORDS.intersection(WORD.findall(header.name)) if refpolicy else ()
    for word in sorted(macros):
        yield wrong.MacroInNameError(header.name, word, with_column(where, word))
    if header.name != sources.module.name:
        yield wrong.HeaderNameError(sources.module.name, header.name, with_column(where, header.name))
    if header.surplus:
        yield wrong.SurplusInHeaderError(header.surplus, where)
    declared = sources.module.version
    if declared is not None and header.version not in ("", declared):
        yield wrong.TwoVersionsError(declared, header.version, where)
    elif header.version and not _VERSION.match(header.version):
        yield wrong.HeaderVersionError(header.version, with_column(where, header.version))


def _text_faults(sources: Sources, header: Header, locate: Locate) -> Iterator[wrong.CompileError]:
    for source in sources.texts:
        if any(word in source.text for word in FORBIDDEN):
            yield from _forbidden(source.kind, without_strings(without_comments(source.text)), locate)
        if source.kind is SourceKind.TE and _DOTTED.search(source.text):
            start, end = header.span
            yield from _dotted(source.text[:start] + " " * (end - start) + source.text[end:], locate)


def _forbidden(kind: SourceKind, bare: str, locate: Locate) -> Iterator[wrong.CompileError]:
    for word, why in FORBIDDEN.items():
        found = re.search(rf"(?<!\w){word}\s*\(", bare)
        if found:
            yield wrong.ForbiddenMacroError(word, why, with_column(locate(kind, line_at(bare, found.start())), word))


def _dotted(text: str, locate: Locate) -> Iterator[wrong.CompileError]:
    """The first place of each dotted name."""
    bare = without_strings(without_comments(text))
    seen: set[str] = set()
    for found in _DOTTED.finditer(bare):
        if not _CATEGORIES.search(found[0]) and found[0] not in seen:
            seen.add(found[0])
            where = locate(SourceKind.TE, line_at(bare, found.start()))
            yield wrong.DottedNameError(found[0], with_column(where, found[0]))
