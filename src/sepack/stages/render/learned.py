"""Puts what a module's ledger holds into its text: rules and interface calls into the .te, labels into the .fc."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.errors import Location
from sepack.model.fix import FileContext, Interface
from sepack.model.module import Dialect, SourceKind
from sepack.model.rule import Rule
from sepack.model.sources import LEARNED_MARKS, Learned, SourceText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePosixPath

    from sepack.model.ledger import Ledger, LedgerItem
    from sepack.model.target import Target

_Line = tuple[str, "Location | None"]


def with_learned(
    text: SourceText, ledger: Ledger | None, path: PurePosixPath, dialect: Dialect, target: Target
) -> SourceText:
    """`text` with the ledger's section where the template has its mark, and behind the author's text where none has.

    `path` is the ledger's, for the places of its lines. What only concerns other kinds of text leaves this one as it
    is, but for a mark, whose line goes.
    """
    items = ledger.accepted if ledger is not None else ()
    lines = _section(text.kind, items, path, dialect, target)
    mark = _mark_in(text)
    if mark is None and not lines:
        return text
    authored = text.text.split("\n")
    if mark is None:
        ends_whole = authored[-1] == ""
        head, tail = (authored[:-1], authored[-1:]) if ends_whole else (authored, [""])
    else:
        head, tail = authored[:mark], authored[mark + 1 :]
    if not head:
        lines = lines[1:]  # the empty line before it
    learned = Learned(
        first=len(head) + 1,
        places=tuple(place or Location(path=path) for _, place in lines),
        authored=text.text,
        replaced=0 if mark is None else 1,
    )
    return replace(text, text="\n".join([*head, *(line for line, _ in lines), *tail]), learned=learned)


def _mark_in(text: SourceText) -> int | None:
    mark = LEARNED_MARKS.get(text.kind)
    if not text.templated or mark is None or mark not in text.text:
        return None
    return next(number for number, line in enumerate(text.text.split("\n")) if line.strip() == mark)


def made_text(kind: SourceKind, ledger: Ledger, path: PurePosixPath, name: str, version: str) -> SourceText | None:
    """The text that a ledger needs and the folder does not have; None where it needs none."""
    if kind is SourceKind.TE:
        return SourceText(kind=kind, text=f"module {name} {version};\n", origin=path, templated=False)
    if kind is SourceKind.FC and any(isinstance(item.item, FileContext) for item in ledger.accepted):
        return SourceText(kind=kind, text="", origin=path, templated=False)
    return None


def _section(
    kind: SourceKind, items: Iterable[LedgerItem], path: PurePosixPath, dialect: Dialect, target: Target
) -> list[_Line]:
    if kind is SourceKind.TE:
        allowed = [item for item in items if isinstance(item.item, Rule | Interface)]
        return _rules(allowed, path) if allowed else []
    labels = [item for item in items if isinstance(item.item, FileContext)]
    if kind is not SourceKind.FC or not labels:
        return []
    lines: list[_Line] = [("", None), (f"# Learned from denials: {path}", None)]
    for item in labels:
        assert isinstance(item.item, FileContext)
        lines += [(_comment(item.reason), item.where), (_entry(item.item, dialect, target), item.where)]
    return lines


def _rules(items: Sequence[LedgerItem], path: PurePosixPath) -> list[_Line]:
    rules = [item.item for item in items if isinstance(item.item, Rule)]
    lines: list[_Line] = [("", None), (f"# Learned from denials: {path}", None)]
    lines += [(line, None) for line in _require(rules)]
    for item in items:
        statement = item.item.statement()
        lines += [(_comment(item.reason), item.where), (statement, item.where)]
    return lines


def _require(rules: Sequence[Rule]) -> list[str]:
    """Exactly the types, classes and permissions that the rules name."""
    if not rules:
        return []
    classes: dict[str, set[str]] = {}
    for rule in rules:
        classes.setdefault(rule.tclass, set()).update(rule.permissions)
    types = sorted({name for rule in rules for name in (rule.source, rule.target)})
    return [
        "require {",
        *(f"\ttype {name};" for name in types),
        *(f"\tclass {tclass} {{ {' '.join(sorted(classes[tclass]))} }};" for tclass in sorted(classes)),
        "}",
    ]


def _comment(reason: str) -> str:
    """On one line, and without what m4 takes for a quotation mark, so that it stays a comment wherever it stands."""
    words = " ".join(reason.replace("`", " ").replace("'", "\N{RIGHT SINGLE QUOTATION MARK}").split())
    return "# " + "".join(char for char in words if char.isprintable())


def _entry(label: FileContext, dialect: Dialect, target: Target) -> str:
    """A line of an .fc; in quotation marks where m4 would read a word of the path as a macro."""
    kind = f"{label.kind}\t" if label.kind else ""
    level = "s0" if target.mls else ""
    context = f"system_u:object_r:{label.type}"
    if dialect is Dialect.REFPOLICY:
        return f"`{label.pattern}'\t{kind}gen_context({context},s0)"
    return f"{label.pattern}\t{kind}{context}{':' if level else ''}{level}"
