"""What can be wrong with policy/guardrails.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.catalog.toml_errors import kind_of
from sepack.errors import DeclarationError, Location
from sepack.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXAMPLE = "neverallow * shadow_t:file { read write };"


class GuardrailsSyntaxError(DeclarationError):
    """Not TOML at all."""

    def __init__(self, where: Location, message: str) -> None:
        super().__init__(
            f"this is not understood: {message[:1].lower()}{message[1:]}",
            where=where,
            hint='A guardrail is a line [[guardrail]] and below it lines such as name = "passwords".',
        )


class UnknownKeyError(DeclarationError):
    """A key that means nothing; `of` is what has no such key."""

    def __init__(self, where: Location, of: str, key: str, known: Sequence[str]) -> None:
        listed = "Each guardrail begins with [[guardrail]]." if len(known) == 1 else f"It has {', '.join(known)}."
        super().__init__(
            f"{of} has no key '{key}'",
            where=where,
            hint=" ".join(filter(None, (did_you_mean(key, known), listed))),
        )


class NoTablesError(DeclarationError):
    """`guardrail` is something else than a list of tables."""

    def __init__(self, where: Location) -> None:
        super().__init__(
            "this is no list of guardrails",
            where=where,
            hint="Write the header of each with two brackets, [[guardrail]], on a line of its own.",
        )


class NoTextError(DeclarationError):
    """A key is missing (`value` is None), empty, or no text."""

    def __init__(self, where: Location, key: str, value: object) -> None:
        missing = f"this guardrail has no {key}"
        given = f"'{key}' is empty" if isinstance(value, str) else f"'{key}' is {kind_of(value)}, and has to be text"
        examples = {
            "name": "passwords",
            "reason": "They are everybody's passwords; ask PAM instead.",
            "neverallow": _EXAMPLE,
        }
        super().__init__(
            missing if value is None else given, where=where, hint=f'It looks like: {key} = "{examples[key]}"'
        )


class GuardrailNameError(DeclarationError):
    """A name that could not be typed or told apart."""

    def __init__(self, where: Location, name: str) -> None:
        super().__init__(
            f"'{name}' cannot be the name of a guardrail",
            where=where,
            hint="It is small letters, digits and single dashes: kernel-modules",
        )


class TwiceError(DeclarationError):
    """Two guardrails of one name."""

    def __init__(self, where: Location, name: str, first: Location) -> None:
        super().__init__(
            f"there is a guardrail '{name}' already",
            where=where,
            hint=f"Rename one of the two; that one is at {first}.",
        )


class StatementError(DeclarationError):
    """A neverallow that is none; `where` points into it."""

    def __init__(self, where: Location, said: str) -> None:
        super().__init__(f"this neverallow is not understood: {said}", where=where, hint=f"It looks like: {_EXAMPLE}")
