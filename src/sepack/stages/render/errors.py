"""What can be wrong with the place of what a ledger holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import SepackError

if TYPE_CHECKING:
    from sepack.errors import Location
    from sepack.model.ledger import LedgerItem


class InterfaceInPlainModuleError(SepackError):
    """An accepted call of an interface, which only m4 and a release's headers can turn into rules."""

    def __init__(self, item: LedgerItem, name: str) -> None:
        super().__init__(
            f"'{item.statement}' calls an interface, and module '{name}' is in the plain dialect, which has none",
            where=item.where,
            hint=f"Begin {name}.te with policy_module({name}, …), which makes it a refpolicy module; or refuse the "
            "item and accept the rules in its place.",
        )


class LearnedPlaceError(SepackError):
    """`{{ learned.… }}` where its lines cannot stand; `why` completes the sentence."""

    def __init__(self, where: Location, variable: str, why: str) -> None:
        super().__init__(
            f"{{{{ {variable} }}}} {why}",
            where=where,
            hint="Print {{ learned.rules }} in a .te, {{ learned.file_contexts }} in an .fc: once, and on a line of "
            "its own. Where no template prints them, they stand behind the text.",
        )
