"""Puts what a module's ledger holds into its text: rules and interface calls into the .te, labels into the .fc.

In a refpolicy module the words of a rule stand in quotation marks, a line at a time: what was denied is not to become
more because m4 knows a macro of a permission's or a type's name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.errors import Location
from sepack.model.denial import SecurityContext
from sepack.model.fix import FileContext, Interface
from sepack.model.module import Dialect, SourceKind
from sepack.model.rule import Rule
from sepack.model.sources import LEARNED_MARKS, LEARNED_VARIABLES, Learned, SourceText

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
        places=tuple(place or _beginning(path, items) for _, place in lines),
        authored=text.text,
        replaced=0 if mark is None else 1,
    )
    return replace(text, text="\n".join([*head, *(line for line, _ in lines), *tail]), learned=learned)


def _beginning(path: PurePosixPath, items: Sequence[LedgerItem]) -> Location:
    """For the lines that belong to no item."""
    return next((item.where for item in items if item.where is not None), Location(path=path))


def _mark_in(text: SourceText) -> int | None:
    """The index of the line that the section takes the place of; `misplaced` has found nothing wrong with it."""
    mark = LEARNED_MARKS.get(text.kind)
    if not text.templated or mark is None or mark not in text.text:
        return None
    return next(number for number, line in enumerate(text.text.split("\n")) if line.strip() == mark)


def misplaced(text: SourceText) -> tuple[int, str, str] | None:
    """The first line (from 1) where a template printed a mark in vain, the variable that did, and why it is wrong."""
    if not text.templated:
        return None
    variables = {mark: LEARNED_VARIABLES[kind] for kind, mark in LEARNED_MARKS.items() if mark in text.text}
    seen = False
    for number, line in enumerate(text.text.split("\n") if variables else (), start=1):
        for mark, variable in variables.items():
            if mark not in line:
                continue
            if mark != LEARNED_MARKS.get(text.kind):
                return number, variable, f"has no meaning in an .{text.kind}"
            if line.strip() != mark:
                return number, variable, "shares its line with other text"
            if seen:
                return number, variable, "is printed a second time"
            seen = True
    return None


def first_call(ledger: Ledger | None) -> LedgerItem | None:
    """The first accepted call of an interface."""
    accepted = ledger.accepted if ledger is not None else ()
    return next((item for item in accepted if isinstance(item.item, Interface)), None)


def made_text(kind: SourceKind, ledger: Ledger, path: PurePosixPath, name: str, version: str) -> SourceText | None:
    """The text that a ledger needs and the folder does not have; None where it needs none."""
    if kind is SourceKind.TE:
        text = f"policy_module({name}, {version})\n"
        if first_call(ledger) is None:
            text = f"module {name} {version};\n{_least_require(ledger)}"
        return SourceText(kind=kind, text=text, origin=path, templated=False)
    if kind is SourceKind.FC and any(isinstance(item.item, FileContext) for item in ledger.accepted):
        return SourceText(kind=kind, text="", origin=path, templated=False)
    return None


def _least_require(ledger: Ledger) -> str:
    """What a module without rules requires, as checkmodule takes none that requires nothing: what its labels name."""
    if any(isinstance(item.item, Rule) for item in ledger.accepted):
        return ""
    types = sorted({item.item.type for item in ledger.accepted if isinstance(item.item, FileContext)})
    needed = [f"type {name};" for name in types] or ["role object_r;"]
    return "\n".join(["", "require {", *(f"\t{line}" for line in needed), "}", ""])


def _section(
    kind: SourceKind, items: Iterable[LedgerItem], path: PurePosixPath, dialect: Dialect, target: Target
) -> list[_Line]:
    if kind is SourceKind.TE:
        allowed = [item for item in items if isinstance(item.item, Rule | Interface)]
        return _rules(allowed, path, dialect) if allowed else []
    labels = [item for item in items if isinstance(item.item, FileContext)]
    if kind is not SourceKind.FC or not labels:
        return []
    lines: list[_Line] = [("", None), (f"# Learned from denials: {path}", None)]
    for item in labels:
        assert isinstance(item.item, FileContext)
        lines += [(_comment(item.reason), item.where), (_entry(item.item, dialect, target), item.where)]
    return lines


def _rules(items: Sequence[LedgerItem], path: PurePosixPath, dialect: Dialect) -> list[_Line]:
    lines: list[_Line] = [("", None), (f"# Learned from denials: {path}", None), *_require(items, dialect)]
    for item in items:
        statement = item.item.statement()
        printed = statement if isinstance(item.item, Interface) else _verbatim(statement, dialect)
        lines += [(_comment(item.reason), item.where), (printed, item.where)]
    return lines


def _require(items: Iterable[LedgerItem], dialect: Dialect) -> list[_Line]:
    """Exactly the types, classes and permissions that rules and calls name, each at the first item that needs it.

    It may say again what the author's own require block says, and name types that the module declares, before this or
    behind it: checkmodule takes each of these.
    """
    types: dict[str, Location | None] = {}
    classes: dict[str, Location | None] = {}
    permissions: dict[str, set[str]] = {}
    for item in items:
        if isinstance(call := item.item, Interface):
            for name in _types_of(call, item):
                types.setdefault(name, item.where)
        if isinstance(rule := item.item, Rule):
            for name in (rule.source, rule.target):
                types.setdefault(name, item.where)
            classes.setdefault(rule.tclass, item.where)
            permissions.setdefault(rule.tclass, set()).update(rule.permissions)
    if not types:
        return []
    lines = [(f"type {name};", types[name]) for name in sorted(types)]
    lines += [(f"class {name} {{ {' '.join(sorted(permissions[name]))} }};", classes[name]) for name in sorted(classes)]
    return [("require {", None), *((f"\t{_verbatim(line, dialect)}", place) for line, place in lines), ("}", None)]


def _types_of(call: Interface, item: LedgerItem) -> list[str]:
    """Those of a call's arguments that are types: by the log they came from, and by the ending all types have."""
    contexts = (
        SecurityContext.read(text) for denied in item.evidence.denied for text in (denied.source, denied.target)
    )
    known = {context.type for context in contexts if context is not None}
    return [name for name in call.arguments if name.endswith("_t") or name in known]


def _verbatim(line: str, dialect: Dialect) -> str:
    """The line as m4 gives it on, whatever macros there are; a rule has no quotation mark in it."""
    return f"`{line}'" if dialect is Dialect.REFPOLICY else line


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
