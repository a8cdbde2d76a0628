"""What can be wrong with a ledger.toml, and with writing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.errors import DeclarationError, Location, SepackError
from sepack.model.names import did_you_mean
from sepack.model.statement import prints

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from sepack.model.ledger import ItemKind

UNTOUCHED = "Nothing was written."


class LedgerSyntaxError(DeclarationError):
    def __init__(self, where: Location, message: str) -> None:
        super().__init__(
            f"this is not understood: {message[:1].lower()}{message[1:]}",
            where=where,
            hint=f"Mend it by hand, or take it back: git checkout {where.path}. {UNTOUCHED}",
        )


class LedgerShapeError(DeclarationError):
    """Something else than a list of items."""

    def __init__(self, where: Location, what: str, key: str, known: Sequence[str]) -> None:
        near = did_you_mean(key, known)
        super().__init__(
            f"a ledger has no {what} '{key}'",
            where=where,
            hint=" ".join(filter(None, (near, f"There are: {', '.join(known)}."))),
        )


class LedgerValueError(DeclarationError):
    """A value that its key does not take, or one that is missing (`value` is None)."""

    def __init__(self, where: Location, key: str, value: object, takes: str) -> None:
        brief = f"an item has no '{key}'" if value is None else f"'{key}' is {value!r}"
        super().__init__(f"{brief}, and has to be {takes}", where=where)


class LedgerStatementError(DeclarationError):
    def __init__(self, where: Location, statement: str, kind: ItemKind) -> None:
        super().__init__(
            f"'{statement}' is no statement of the kind {kind}",
            where=where,
            hint=f"It looks like: {prints(kind)}   (permissions sorted, one space between words)",
        )


class LedgerTwiceError(DeclarationError):
    def __init__(self, where: Location, statement: str, first: Location) -> None:
        super().__init__(
            f"'{statement}' stands here a second time",
            where=where,
            hint=f"Keep one of the two; the first is at {first}.",
        )


class LedgerChangedError(SepackError):
    """Somebody else wrote between reading and writing."""

    def __init__(self, path: PurePosixPath) -> None:
        super().__init__(
            f"{path} was changed by somebody else in the meantime",
            hint=f"{UNTOUCHED} Run it again: it then starts from what is there now.",
        )


class LedgerNotWrittenError(SepackError):
    def __init__(self, path: PurePosixPath, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be written",
            details=(error.strerror or str(error),),
            hint=f"{UNTOUCHED} What was there still is; mend that (df -h, ls -ld {path.parent}) and run it again.",
        )
