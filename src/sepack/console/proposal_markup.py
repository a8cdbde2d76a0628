"""How a proposal looks in a pull request and as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sepack.console.proposal import SIGNS, evidence_line, headline, remarks, unowned_lines
from sepack.console.untrusted import as_code, in_markdown, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sepack.model.proposal import Change, Proposal, Regeneration
    from sepack.model.verdict import Verdict


def proposal_as_json(found: Regeneration) -> dict[str, Any]:
    return {
        "target": found.target,
        "policy": found.policy,
        "modules": [_module_as_json(proposal) for proposal in found.proposals],
        "unowned": [
            {**asdict(each.denial.access), "lines": each.denial.evidence.lines, "claimed_by": each.claimed_by}
            for each in found.unowned
        ],
        "account": {
            "lines": found.account.lines,
            "denials": found.account.denials,
            "granted": found.account.granted,
            "other": found.account.other,
            "not_understood": dict(found.account.not_understood),
        },
        "faults": dict(found.faults),
        "notes": list(found.notes),
        "written": [str(path) for path in found.written],
    }


def _module_as_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "module": proposal.module,
        "changes": [_change_as_json(change) for change in proposal.changes],
        "held": [
            {"statement": held.statement, "why": held.why.name.lower(), "detail": held.detail, **_verdict(held.verdict)}
            for held in proposal.held
        ],
        "settled": [item.statement for settled in proposal.settled for item in settled.items],
        "beyond": [{"advice": verdict.advice, **_verdict(verdict)} for verdict in proposal.beyond],
    }


def _change_as_json(change: Change) -> dict[str, Any]:
    item = change.item
    return {
        "statement": item.statement,
        "kind": item.kind,
        "answer": item.answer,
        "was": change.before.answer if change.before else None,
        "reason": item.reason,
        "evidence": asdict(item.evidence),
        "alternatives": [other.statement() for verdict in change.verdicts for other in verdict.alternatives],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"verdict": verdict.kind, "reason": verdict.reason, "of": headline(verdict)}


def print_proposal_markdown(found: Regeneration, again: str) -> None:
    sys.stdout.write(proposal_as_markdown(found, again))


def proposal_as_markdown(found: Regeneration, again: str) -> str:
    """For a pull request: a diff of statements a module, with reasons below; nothing from a log is markup."""
    lines: list[str] = []
    for proposal in found.proposals:
        if proposal.changes or proposal.held or proposal.beyond:
            lines += [f"### {in_markdown(proposal.module)}", ""]
            lines += _changes_in_markdown(proposal.changes)
            lines += [_bullet(held.statement, f"waits for a word: {held.why}: {held.detail}") for held in proposal.held]
            lines += [_bullet(headline(verdict), f"{verdict.reason} {verdict.advice}") for verdict in proposal.beyond]
            lines.append("")
    if found.unowned:
        lines += [
            "### No module answers for",
            "",
            *(f"- {in_markdown(line)}" for line in unowned_lines(found.unowned)),
            "",
        ]
    lines += [f"- {in_markdown(line)}" for line in remarks(found)]
    if found.has_changes and not found.written:
        lines += ["", f"To write it: {as_code(again + ' --apply')}"]
    return "\n".join(lines) + "\n"


def _changes_in_markdown(changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        return
    statements = [f"{SIGNS[change.item.answer]} {one_line(change.item.statement, 400)}" for change in changes]
    fence = "```"
    while any(fence in statement for statement in statements):
        fence += "`"
    yield from (f"{fence}diff", *statements, fence, "")
    for change in changes:
        yield _bullet(change.item.statement, f"{change.item.reason} {evidence_line(change.item.evidence)}")


def _bullet(code: str, text: str) -> str:
    return f"- {as_code(one_line(code, 400))}: {in_markdown(one_line(text, 400))}"
