"""How a proposal looks on a terminal: a diff of statements, with reasons and evidence."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from sepack.console.denials import account_line
from sepack.console.untrusted import one_line
from sepack.model.fix import Boolean, Interface
from sepack.model.ledger import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sepack.console.screen import Screen
    from sepack.model.ledger import LedgerEvidence
    from sepack.model.proposal import Change, HeldBack, Proposal, Regeneration, Unowned
    from sepack.model.verdict import Verdict

SHOWN = 5
SIGNS = {Answer.ACCEPTED: "+", Answer.REFUSED: "-"}


class ProposalText:
    """Lines for a person. `command` and `again` are what is typed to run sepack, and this very task once more."""

    def __init__(self, screen: Screen, command: str, again: str) -> None:
        self._screen = screen
        self._command = command
        self._again = again

    def show(self, found: Regeneration) -> None:
        for note in found.notes:
            self._screen.line(f"note  {one_line(note, 400)}", style="yellow")
        for proposal in found.proposals:
            self._module(proposal, written=bool(found.written))
        self._unowned(found.unowned)
        for line in remarks(found):
            self._screen.line(line)
        self._screen.line(self._next(found))

    def _module(self, proposal: Proposal, *, written: bool) -> None:
        if proposal.changes:
            verb = "written" if written else "proposed"
            self._screen.line(f"policy/{proposal.module}/ledger.toml: {len(proposal.changes)} {verb}", style="bold")
        for change in proposal.changes:
            self._change(change)
        for held in proposal.held:
            self._held(proposal.module, held)
        for verdict in proposal.beyond:
            self._screen.line(f"  . {proposal.module}: {one_line(headline(verdict))}")
            self._indented(verdict.reason, verdict.advice)

    def _change(self, change: Change) -> None:
        item = change.item
        was = f"   (was {change.before.answer})" if change.before and change.before.answer != item.answer else ""
        style = "green" if item.answer is Answer.ACCEPTED else "red"
        self._screen.line(f"  {SIGNS[item.answer]} {one_line(item.statement, 400)}{was}", style=style)
        advice = dict.fromkeys(verdict.advice for verdict in change.verdicts)
        self._indented(item.reason, evidence_line(item.evidence), *widening(change.verdicts), *advice)
        self._indented(*instead(change.verdicts))

    def _held(self, module: str, held: HeldBack) -> None:
        self._screen.line(f"  ! {module}: {one_line(held.statement, 400)}", style="yellow")
        self._indented(held.verdict.reason, f"not proposed: {held.why}: {held.detail}")

    def _indented(self, *lines: str) -> None:
        for line in lines:
            if line:
                self._screen.line(f"      {one_line(line, 400)}")

    def _unowned(self, unowned: Sequence[Unowned]) -> None:
        if not unowned:
            return
        self._screen.line(f"no module answers for {len(unowned)} denials:", style="bold")
        for line in unowned_lines(unowned):
            self._screen.line(f"  . {line}")
        self._screen.line("      name their domains in a module.toml ([domains] types), or start a module: --new NAME")

    def _next(self, found: Regeneration) -> str:
        if found.written:
            return f"next: {self._command} build"
        if found.has_changes:
            return f"next: {self._again} --apply"
        held = next((held for proposal in found.proposals for held in proposal.held), None)
        if held is not None:
            return f"next: {self._again} --apply --accept {shlex.quote(held.statement)} --reason 'why'   (or --refuse)"
        return f"next: {self._command} status   (nothing new)"


def remarks(found: Regeneration) -> Iterator[str]:
    """What was settled, what could not be read or understood, and which policy was asked."""
    settled = sum(len(proposal.settled) for proposal in found.proposals)
    if settled:
        yield f"{settled} answered already, by a ledger or a module.toml"
    for source, fault in sorted(found.faults.items()):
        yield f"{one_line(source)}: {fault}; what could be read is counted"
    for sample in found.account.samples.values:
        where = f"{one_line(sample.source)}, byte {sample.offset}"
        yield f"not understood ({sample.reason}): {where}: {one_line(sample.text)}"
    yield f"{found.target}: {found.policy}"
    yield account_line(found.account)


def headline(verdict: Verdict) -> str:
    """A verdict in a line: what it is, and of what."""
    first = verdict.denials[0].access
    permissions = " ".join(sorted({denial.access.permission for denial in verdict.denials}))
    fix = f": {verdict.statement}" if verdict.fix is not None else ""
    target = "self" if first.source_type == first.target_type else first.target_type
    return f"{verdict.kind}{fix} ({first.source_type} → {target}:{first.tclass} {{ {permissions} }})"


def evidence_line(evidence: LedgerEvidence) -> str:
    """Who was refused how often, when and on what: "seen 4 times, 2026-11-23, by apache2: /srv/x/app.wsgi"."""
    words = [f"seen {evidence.lines} time{'s' if evidence.lines != 1 else ''}"]
    days = [str(day) for day in dict.fromkeys((evidence.first_seen, evidence.last_seen)) if day is not None]
    if days:
        words.append(" to ".join(days))
    if evidence.commands:
        words.append(f"by {_few(evidence.commands)}")
    if evidence.hosts:
        words.append(f"on {_few(evidence.hosts)}")
    objects = [*(path for each in evidence.denied for path in each.paths)]
    objects += [f"port {port}" for each in evidence.denied for port in each.ports]
    unique = list(dict.fromkeys(objects))
    return ", ".join(words) + (f": {_few(unique)}" if unique else "")


def widening(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """What a fix opens beyond what was denied."""
    for verdict in verdicts:
        fix = verdict.fix
        if isinstance(fix, Boolean) and fix.excess:
            yield f"it opens more than was denied: {fix.excess} accesses"
            return
        if isinstance(fix, Interface) and fix.excess:
            listed = [f"{access.target_type}:{access.tclass} {access.permission}" for access in fix.excess]
            yield f"it grants {len(fix.excess)} more than was denied: {_few(listed)}"
            return


def instead(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """The other ways, each as the statement to accept."""
    others = dict.fromkeys(other.statement() for verdict in verdicts for other in verdict.alternatives)
    for statement in list(others)[:SHOWN]:
        yield f"or: --accept {shlex.quote(statement)}"


def unowned_lines(unowned: Sequence[Unowned]) -> Iterator[str]:
    """By domain: how many denials, and which modules claim them where several do."""
    domains = Counter(each.denial.access.source_type for each in unowned)
    claims = {each.denial.access.source_type: each.claimed_by for each in unowned}
    for domain, count in sorted(domains.items(), key=lambda pair: (-pair[1], pair[0])):
        claimed = claims[domain]
        why = f": claimed by {' and '.join(claimed)}, narrow their [domains]" if claimed else ""
        yield f"{domain}: {count}{why}"


def _few(values: Sequence[str]) -> str:
    shown = ", ".join(values[:SHOWN])
    return f"{shown} and {len(values) - SHOWN} more" if len(values) > SHOWN else shown
