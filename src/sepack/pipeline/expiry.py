"""Items of a ledger whose day has passed: somebody meant to look at them again."""

from __future__ import annotations

import datetime as dt
import shlex
from typing import TYPE_CHECKING

from sepack.errors import DeclarationError
from sepack.model.build import Failed, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.ledger import LedgerItem
    from sepack.model.module import Module


class ExpiredItemError(DeclarationError):
    """The setting `expiry` is `error`, and an accepted item's day has passed."""

    def __init__(self, module: str, item: LedgerItem) -> None:
        super().__init__(
            f"'{item.statement}' was accepted by {item.by} until {item.expires}, and that has passed",
            where=item.where,
            details=(f"the reason then: {item.reason}",),
            hint=f"Look at it again. Still needed: a later `expires = …` there, or inv regenerate -m {module} --log … "
            f"--accept {shlex.quote(item.statement)} --reason … --expires DAY --apply. No longer: --refuse it.",
        )


def expired(module: Module, today: dt.date) -> list[LedgerItem]:
    """The module's accepted items whose last day lies before `today`, in the ledger's order."""
    accepted = module.ledger.accepted if module.ledger is not None else ()
    return [item for item in accepted if item.expires is not None and item.expires < today]


def look_at_expiry(
    modules: Sequence[Module], expiry: str, target: str, today: dt.date | None = None
) -> tuple[Sequence[Module], list[Notice | Failed]]:
    """The modules that may be built, and what is to be said of expired items; with `expiry` "error" theirs may not."""
    if all(module.ledger is None for module in modules):
        return modules, []
    today = today or dt.datetime.now(tz=dt.UTC).date()
    events: list[Notice | Failed] = []
    kept: list[Module] = []
    for module in modules:
        errors = tuple(ExpiredItemError(module.name, item) for item in expired(module, today))
        if errors and expiry == "error":
            events.append(Failed(module=module.name, target=target, errors=errors))
            continue
        kept.append(module)
        events += [Notice(module=module.name, text=f"{error.where}: {error.brief}") for error in errors]
    return kept, events
