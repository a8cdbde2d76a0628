"""`denials.why`: the item of a ledger that a statement names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.catalog import load_modules
from sepack.errors import DeclarationError
from sepack.model.ledger import Ledger
from sepack.model.names import did_you_mean
from sepack.pipeline.word import canonical

if TYPE_CHECKING:
    from sepack.model.ledger import LedgerItem
    from sepack.workspace import Workspace


class NotInLedgerError(DeclarationError):
    def __init__(self, module: str, statement: str, ledger: Ledger) -> None:
        known = [item.statement for item in ledger.items]
        details = tuple(f"it holds: {each}" for each in known) or ("it holds nothing",)
        super().__init__(
            f"the ledger of {module} does not hold '{statement}'",
            details=details,
            hint=did_you_mean(statement, known) or "A rule that is not in the ledger is in the author's own text.",
        )


def find_item(workspace: Workspace, module: str, statement: str) -> LedgerItem:
    """Raises UnknownModuleError, the first error of a broken module, NotInLedgerError."""
    modules, problems = load_modules(workspace, [module])
    for problem in problems:
        raise problem.errors[0]
    ledger = modules[0].ledger or Ledger()
    wanted = canonical(statement)
    item = ledger.get(wanted)
    if item is None:
        raise NotInLedgerError(module, wanted, ledger)
    return item
