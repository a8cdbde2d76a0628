"""What a ledger has answered already, and what of a fix it leaves open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sepack.model.fix import Allow, Boolean, FileContext, Fix, Interface, PortLabel
from sepack.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sepack.model.ledger import Ledger, LedgerItem


def open_part(fix: Fix, paths: Iterable[str], ledger: Ledger) -> tuple[Fix | None, tuple[LedgerItem, ...]]:
    """What of `fix` no item answers, None where nothing is left; and the items that answer the rest.

    `paths` are those that a file context is for. A rule loses the permissions that were answered one by one; anything
    else is answered as a whole.
    """
    if isinstance(fix, Allow):
        return _open_rule(fix.rule, ledger)
    paths = list(paths)
    answering = tuple(item for item in ledger.items if _answers(item, fix, paths))
    return (None if answering else fix), answering


def is_declared(fix: Fix, declared: Boolean | PortLabel) -> bool:
    """Whether a module's own declaration switches the boolean so, or labels the port."""
    if isinstance(fix, Boolean) and isinstance(declared, Boolean):
        return (fix.name, fix.value) == (declared.name, declared.value)
    if isinstance(fix, PortLabel) and isinstance(declared, PortLabel):
        return fix.protocol == declared.protocol and declared.low <= fix.low and fix.high <= declared.high
    return False


def _open_rule(rule: Rule, ledger: Ledger) -> tuple[Fix | None, tuple[LedgerItem, ...]]:
    permissions, commands = set(rule.permissions), set(rule.commands)
    answering: list[LedgerItem] = []
    for item in ledger.items:
        known = item.item
        if not isinstance(known, Rule) or bool(known.commands) != bool(rule.commands):
            continue
        same = (known.source, known.target, known.tclass) == (rule.source, rule.target, rule.tclass)
        met = commands.intersection(known.commands) if rule.commands else permissions.intersection(known.permissions)
        if same and met:
            answering.append(item)
            if rule.commands:
                commands.difference_update(known.commands)
            else:
                permissions.difference_update(known.permissions)
    left = commands if rule.commands else permissions
    if not left:
        return None, tuple(answering)
    open_rule = Rule.of(rule.source, rule.target, rule.tclass, permissions, commands)
    return Allow(rule=open_rule), tuple(answering)


def _answers(item: LedgerItem, fix: Fix, paths: list[str]) -> bool:
    known = item.item
    if isinstance(fix, Boolean) and isinstance(known, Boolean):
        return known.name == fix.name
    if isinstance(fix, PortLabel) and isinstance(known, PortLabel):
        return known.protocol == fix.protocol and known.low <= fix.low and fix.high <= known.high
    if isinstance(fix, Interface) and isinstance(known, Interface):
        return known.statement() == fix.statement()
    if isinstance(fix, FileContext) and isinstance(known, FileContext):
        return known.statement() == fix.statement() or (
            known.type == fix.type and bool(paths) and all(_matches(known.pattern, path) for path in paths)
        )
    return False


def _matches(pattern: str, path: str) -> bool:
    """As far as Python reads the pattern as PCRE does; where it does not, the statement itself still decides."""
    try:
        return re.fullmatch(pattern, path) is not None
    except (re.error, RecursionError):
        return False
