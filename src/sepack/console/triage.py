"""How verdicts look by themselves: a line each, the reason below, and what became of the log's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sepack.console.denials import account_line
from sepack.console.proposal import headline
from sepack.console.untrusted import one_line

if TYPE_CHECKING:
    from sepack.console.screen import Screen
    from sepack.model.verdict import Triage, Verdict


def show_triage(screen: Screen, triage: Triage, command: str) -> None:
    for note in triage.notes:
        screen.line(f"note  {one_line(note, 400)}", style="yellow")
    for verdict in triage.verdicts:
        screen.line(one_line(headline(verdict), 400), style="bold")
        for line in _below(verdict):
            screen.line(f"    {one_line(line, 500)}")
    for source, fault in sorted(triage.faults.items()):
        screen.line(f"{one_line(source)}: {fault}; what could be read is counted")
    screen.line(f"{triage.target}: {triage.policy}")
    screen.line(account_line(triage.account))
    if triage.verdicts:
        screen.line(f"next: {command} regenerate --log LOG   (proposes what the modules that answer for them gain)")
    else:
        screen.line(f"next: {command} status   (no denials here)")


def _below(verdict: Verdict) -> list[str]:
    lines = sum(denial.evidence.lines for denial in verdict.denials)
    found = [f"{verdict.reason} ({lines} line{'s' if lines != 1 else ''})", verdict.advice]
    if verdict.guarded is not None:
        found.append(f"a guardrail forbids the fix: {verdict.guarded.guardrail}: {verdict.guarded.reason}")
    if verdict.dontaudited:
        found.append("the base policy keeps silent about it: only a log made with `semodule -DB` shows it")
    return [line for line in found if line]


def triage_as_json(triage: Triage) -> dict[str, Any]:
    return {
        "target": triage.target,
        "policy": triage.policy,
        "notes": list(triage.notes),
        "verdicts": [
            {
                "kind": verdict.kind,
                "statement": verdict.statement,
                "reason": verdict.reason,
                "advice": verdict.advice,
                "alternatives": [other.statement() for other in verdict.alternatives],
                "guardrail": verdict.guarded.guardrail if verdict.guarded else None,
                "dontaudited": verdict.dontaudited,
                "unchecked": verdict.unchecked,
                "source": verdict.denials[0].access.source_type,
                "target": verdict.denials[0].access.target_type,
                "tclass": verdict.denials[0].access.tclass,
                "permissions": sorted({denial.access.permission for denial in verdict.denials}),
                "lines": sum(denial.evidence.lines for denial in verdict.denials),
            }
            for verdict in triage.verdicts
        ],
        "faults": dict(triage.faults),
    }
