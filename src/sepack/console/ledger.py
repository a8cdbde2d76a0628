"""How an item of a ledger looks: who answered what, why, and on what evidence."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sepack.console.untrusted import one_line

if TYPE_CHECKING:
    from sepack.console.screen import Screen
    from sepack.model.ledger import LedgerItem


def show_item(screen: Screen, module: str, item: LedgerItem, command: str) -> None:
    evidence = item.evidence
    screen.line(f"{module}: {one_line(item.statement, 400)}", style="bold")
    until = f", until {item.expires}" if item.expires else ""
    screen.line(f"  {item.answer} by {one_line(item.by)} on {item.when}{until}   ({item.where})")
    screen.line(f"  {one_line(item.reason, 600)}")
    days = " to ".join(str(day) for day in dict.fromkeys((evidence.first_seen, evidence.last_seen)) if day)
    screen.line(f"  seen {evidence.lines} times{', ' + days if days else ''}")
    for name, values in (
        ("hosts", evidence.hosts),
        ("commands", evidence.commands),
        ("programs", evidence.executables),
    ):
        if values:
            screen.line(f"  {name}: {one_line(', '.join(values), 300)}")
    for denied in evidence.denied:
        objects = [*denied.paths, *(f"port {port}" for port in denied.ports)]
        about = f": {', '.join(objects)}" if objects else ""
        access = f"{denied.source} → {denied.target}:{denied.tclass} {{ {' '.join(denied.permissions)} }}"
        screen.line(f"  denied: {one_line(access + about, 600)}")
    if evidence.sample:
        screen.line(f"  like: {one_line(evidence.sample, 600)}")
    screen.line(f"next: {command} denials.replay -m {module}   (asks it again)")


def item_as_json(module: str, item: LedgerItem) -> dict[str, Any]:
    return {
        "module": module,
        "statement": item.statement,
        "kind": item.kind,
        "answer": item.answer,
        "reason": item.reason,
        "by": item.by,
        "when": item.when,
        "expires": item.expires,
        "where": str(item.where),
        "evidence": asdict(item.evidence),
    }
