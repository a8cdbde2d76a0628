"""What a person says on the command line about statements, read and checked."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from typing import TYPE_CHECKING

from sepack.errors import DeclarationError
from sepack.model.names import did_you_mean
from sepack.model.proposal import Word
from sepack.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sepack.model.proposal import Proposal


class ReasonMissingError(DeclarationError):
    def __init__(self, option: str, statement: str) -> None:
        super().__init__(
            f"{option} '{statement}' has no reason beside it",
            hint="Say why: --reason 'the payment library builds its code at run time'. It goes into the ledger.",
        )


class BothWaysError(DeclarationError):
    def __init__(self, statement: str) -> None:
        super().__init__(f"'{statement}' is accepted and refused at once", hint="Name it once.")


class ExpiryDateError(DeclarationError):
    def __init__(self, text: str, today: dt.date) -> None:
        super().__init__(
            f"--expires {text} is no day to come",
            hint=f"It takes a date after today: --expires {today + dt.timedelta(days=90)}",
        )


class NotProposedError(DeclarationError):
    """A person names a statement that nothing in the log, and no item of a ledger, comes to."""

    def __init__(self, statement: str, proposals: Iterable[Proposal]) -> None:
        known = sorted(set(_statements(proposals)))
        super().__init__(
            f"nothing here comes to '{statement}'",
            details=tuple(f"there is: {each}" for each in known),
            hint=did_you_mean(statement, known) or "Name a statement as it is printed, in quotes.",
        )


def read_word(
    *, accept: Sequence[str], refuse: Sequence[str], reason: str, by: str, expires: str, refresh: bool
) -> Word:
    """Raises ReasonMissingError, BothWaysError, ExpiryDateError."""
    accepted = tuple(dict.fromkeys(canonical(statement) for statement in accept))
    refused = tuple(dict.fromkeys(canonical(statement) for statement in refuse))
    reason = " ".join(reason.split())
    for option, statements in (("--accept", accepted), ("--refuse", refused)):
        if statements and not reason:
            raise ReasonMissingError(option, statements[0])
    for statement in accepted:
        if statement in refused:
            raise BothWaysError(statement)
    today = dt.datetime.now(tz=dt.UTC).date()
    return Word(
        by=" ".join(by.split()) or whoever_asks(),
        when=today,
        accept=accepted,
        refuse=refused,
        reason=reason,
        expires=_expiry(expires, today) if expires else None,
        refresh=refresh,
    )


def canonical(statement: str) -> str:
    """A statement as its fix prints it; a rule's white space, braces and last semicolon are no matter."""
    words = " ".join(statement.split())
    rule = Rule.read(words) or Rule.read(f"{words};")
    return rule.statement() if rule is not None else words


def whoever_asks() -> str:
    """Who typed it, through sudo too; a user without a name is a number."""
    name = os.environ.get("SUDO_USER") or ""
    try:
        return name or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _expiry(text: str, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise ExpiryDateError(text, today) from None
    if day <= today:
        raise ExpiryDateError(text, today)
    return day


def _statements(proposals: Iterable[Proposal]) -> Iterable[str]:
    for proposal in proposals:
        yield from (change.item.statement for change in proposal.changes)
        yield from (held.statement for held in proposal.held)
        for change in proposal.changes:
            yield from (other.statement() for verdict in change.verdicts for other in verdict.alternatives)
        for settled in proposal.settled:
            yield from (item.statement for item in settled.items)
