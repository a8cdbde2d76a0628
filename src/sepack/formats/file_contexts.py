"""Reads `.fc` text as libselinux reads file_contexts: a path expression, an optional file type, a context."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sepack.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_TYPES = frozenset({"--", "-b", "-c", "-d", "-p", "-l", "-s"})
NO_CONTEXT = "<<none>>"
_WORD = r"[A-Za-z_][A-Za-z0-9_.-]*"
_CONTEXT = re.compile(rf"({_WORD}):({_WORD}):({_WORD})(?::(\S+))?$")
_LEVEL = r"s\d+(?::c\d+(?:\.c\d+)?(?:,c\d+(?:\.c\d+)?)*)?"
_RANGE = re.compile(rf"(?:{_LEVEL}(?:-{_LEVEL})?)$")


@frozen
class FileContext:
    """One entry. `line` counts from 1; `file_type` is "" (any), "--", "-d" …; `context` is as written."""

    line: int
    expression: str
    file_type: str
    context: str


@frozen
class NotFileContext:
    """A line that is neither an entry nor empty nor a comment: `reason` says why, `word` is the part at fault."""

    line: int
    reason: str
    word: str


def read_file_contexts(text: str, *, mls: bool) -> Iterator[FileContext | NotFileContext]:
    """Entries and faults of `text`, in order. With `mls` a context needs a level, without it must have none."""
    # refpolicy's support macros print a thousand empty lines before the first entry.
    begin = text.lstrip()
    skipped = text.count("\n", 0, len(text) - len(begin))
    for number, raw in enumerate(begin.split("\n"), start=skipped + 1):
        line = raw.strip()
        if line and not line.startswith("#"):
            yield _read_line(number, line, mls=mls)


def _read_line(number: int, line: str, *, mls: bool) -> FileContext | NotFileContext:
    words = line.split()
    if len(words) == 2:
        words.insert(1, "")
    if len(words) != 3:
        reason = f"it has {len(words)} words, not a path expression, an optional file type (such as --) and a context"
        return NotFileContext(line=number, reason=reason, word=words[0])
    expression, file_type, context = words
    fault = _fault(expression, file_type, context, mls=mls)
    if fault:
        return NotFileContext(line=number, reason=fault[0], word=fault[1])
    return FileContext(line=number, expression=expression, file_type=file_type, context=context)


def _fault(expression: str, file_type: str, context: str, *, mls: bool) -> tuple[str, str] | None:
    if file_type and file_type not in FILE_TYPES:
        return f"{file_type!r} is no file type; those are {' '.join(sorted(FILE_TYPES))}", file_type
    if not expression.startswith(("/", "(", "[", "HOME_DIR", "HOME_ROOT")):
        return f"the path expression {expression!r} does not start with / or HOME_DIR", expression
    if not expression.isascii():
        return (
            f"the path expression {expression!r} has characters beyond ASCII, which no loader takes",
            expression,
        )
    if context == NO_CONTEXT:
        return None
    if "gen_context(" in context or context.startswith("gen_context"):
        return "gen_context(...) is left unexpanded", context
    found = _CONTEXT.match(context)
    if not found:
        return f"{context!r} is no context (user:role:type{':level' if mls else ''}) and not {NO_CONTEXT}", context
    level = found[4]
    if mls and level is None:
        return f"the context {context!r} has no level, and this target's policy needs one ({context}:s0)", context
    if not mls and level is not None:
        return f"the context {context!r} has a level, and this target's policy has none", context
    if level is not None and not _RANGE.match(level):
        return f"{level!r} is no level or range such as s0 or s0-s0:c0.c1023", level
    return None
